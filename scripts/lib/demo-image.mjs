// Makes the demo's image out of this machine's own Node.js: no registry is asked.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fail, hostEngine, ROOT, run } from './run.mjs'

/** The shared libraries that a program is linked with, as paths; none for a static one. */
function librariesOf(program) {
  const { stdout, status } = run('ldd', [program], { mayFail: true })
  if (status !== 0) return []
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1])
}

/** Builds `shoal-demo:<version>` unless the engine has it. */
export function ensureDemoImage(version) {
  const image = `shoal-demo:${version}`
  if (run('docker', ['image', 'inspect', image], { mayFail: true, env: hostEngine() }).status === 0)
    return image
  const folder = mkdtempSync(join(tmpdir(), 'shoal-demo-'))
  try {
    const files = { [process.execPath]: '/node', [`${ROOT}deploy/demo/server.mjs`]: '/server.mjs' }
    for (const library of librariesOf(process.execPath)) files[library] = library
    for (const [from, to] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, to)), { recursive: true })
      copyFileSync(from, join(folder, to))
    }
    const changes = ['CMD ["/node","/server.mjs"]', `ENV DEMO_VERSION=${version}`, 'EXPOSE 8080'].flatMap(
      (text) => ['--change', text],
    )
    const tar = spawnSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1 << 30 })
    const imported = spawnSync('docker', ['import', ...changes, '-', image], {
      input: tar.stdout,
      env: hostEngine(),
    })
    if (imported.status !== 0) fail(`the demo image could not be made: ${imported.stderr.toString()}`)
    return image
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
