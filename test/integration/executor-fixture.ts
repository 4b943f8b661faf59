import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, systemRandom } from '@shoal/common'

const APPLETS = ['sh', 'sleep', 'cat', 'echo']

/** A name that no other test run uses. */
export function uniqueName(what: string): string {
  return `shoal-${what}-${newId(systemRandom).slice(0, 8)}`
}

/** Makes an image of the host's static busybox on the engine at `host`; no registry is asked. */
export function makeBusyboxImage(image: string, host = 'unix:///var/run/docker.sock'): void {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-busybox-'))
  try {
    mkdirSync(join(folder, 'bin'))
    copyFileSync('/bin/busybox', join(folder, 'bin/busybox'))
    for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet))
    const archive = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 2 ** 26 })
    execFileSync('docker', ['--host', host, 'import', '-', image], {
      input: archive,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function removeImage(image: string): void {
  execFileSync('docker', ['image', 'rm', '--force', image], { stdio: 'ignore' })
}
