// Makes the demo's image out of this machine's own Node.js: no registry is asked.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fail, hostEngine, ROOT, run } from './run.mjs'

/** The shared libraries that a program is linked with, as paths; none for a static one. */
function librariesOf(program) {
  const { stdout, status } = run('ldd', [program], { mayFail: true })
  if (status !== 0) return []
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1])
}

const SERVER = `${ROOT}deploy/demo/server.mjs`
/** On the image: what it was made from. */
const SOURCE_LABEL = 'io.shoal.demo.source'

function isThere(image, source) {
  const format = `{{index .Config.Labels "${SOURCE_LABEL}"}}`
  const found = run('docker', ['image', 'inspect', '-f', format, image], { mayFail: true, env: hostEngine() })
  return found.status === 0 && found.stdout.trim() === source
}

/** Builds `shoal-demo:<version>` unless the engine has it, made from the same source. */
export function ensureDemoImage(version) {
  const image = `shoal-demo:${version}`
  const source = createHash('sha256').update(readFileSync(SERVER)).digest('hex')
  if (isThere(image, source)) return image
  const folder = mkdtempSync(join(tmpdir(), 'shoal-demo-'))
  try {
    const files = { [process.execPath]: '/node', [SERVER]: '/server.mjs' }
    for (const library of librariesOf(process.execPath)) files[library] = library
    for (const [from, to] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, to)), { recursive: true })
      copyFileSync(from, join(folder, to))
    }
    const changes = [
      'CMD ["/node","/server.mjs"]',
      `ENV DEMO_VERSION=${version}`,
      'EXPOSE 8080 8080/udp',
      `LABEL ${SOURCE_LABEL}=${source}`,
    ].flatMap((text) => ['--change', text])
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
