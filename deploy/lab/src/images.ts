import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { docker, execute, hasImage } from './docker.js'

const HOST_FOLDER = fileURLToPath(new URL('../host', import.meta.url))
const BASE_IMAGE = 'debian:bookworm-slim'

/** Where static busybox stands on Debian. */
const BUSYBOX = '/bin/busybox'
const APPLETS = [
  'sh',
  'sleep',
  'httpd',
  'cat',
  'echo',
  'ls',
  'nc',
  'wget',
  'true',
  'false',
  'kill',
  'hostname',
  'env',
  'id',
]

/** A tiny image that sleeps: the lab's workload when nothing else is asked for. */
export const WORKLOAD_IMAGE = 'shoal-busybox:1'

/** Debian's base image, from a registry if one can be reached, else made with debootstrap. */
async function ensureBase(say: (text: string) => void): Promise<void> {
  if (await hasImage(BASE_IMAGE)) return
  say(`making ${BASE_IMAGE} from Debian's packages (half a minute, once) …`)
  const folder = mkdtempSync(join(tmpdir(), 'shoal-base-'))
  try {
    const { code, stderr, stdout } = await execute('debootstrap', ['--variant=minbase', 'bookworm', folder])
    if (code !== 0) throw new Error(`debootstrap failed: ${stderr || stdout.slice(-1000)}`)
    await importFolder(folder, BASE_IMAGE, [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes an image out of a folder. */
export async function importFolder(folder: string, image: string, changes: readonly string[]): Promise<void> {
  const tar = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await docker(['import', ...changes.flatMap((change) => ['--change', change]), '-', image], {
    input: tar.stdout,
  })
}

/** The image of the lab's hosts, named after what it is made from. @returns its name */
export async function ensureHostImage(say: (text: string) => void): Promise<string> {
  const recipe = ['Dockerfile', 'entrypoint.sh', 'etcd.sh'].map((name) =>
    readFileSync(join(HOST_FOLDER, name)),
  )
  const hash = recipe.reduce((sum, text) => sum.update(text), createHash('sha256')).digest('hex')
  const image = `shoal-lab-host:${hash.slice(0, 12)}`
  if (await hasImage(image)) return image
  await ensureBase(say)
  say('building the image of the hosts (once) …')
  await docker(['build', '-q', '-t', image, HOST_FOLDER])
  return image
}

/** The tiny workload image, made from static busybox. */
export async function ensureWorkloadImage(image = WORKLOAD_IMAGE): Promise<string> {
  if (await hasImage(image)) return image
  const folder = mkdtempSync(join(tmpdir(), 'shoal-busybox-'))
  try {
    mkdirSync(join(folder, 'bin'))
    mkdirSync(join(folder, 'tmp'))
    copyFileSync(BUSYBOX, join(folder, 'bin/busybox'))
    for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet))
    await importFolder(folder, image, ['CMD ["sleep","1000000"]', 'ENV PATH=/bin'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return image
}
