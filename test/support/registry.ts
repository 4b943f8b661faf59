import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Fetched by `scripts/bootstrap.mjs --registry`. */
const PROGRAM = fileURLToPath(new URL('../../.tools/usr/bin/docker-registry', import.meta.url))
const START_TIMEOUT_MS = 20_000

export const REGISTRY_USER = 'ahab'
export const REGISTRY_PASSWORD = 'open sesame'
/** bcrypt of REGISTRY_PASSWORD with the least cost: it protects nothing. */
const HTPASSWD = `${REGISTRY_USER}:$2b$05$pFWaeJDY8JKZOlqdWsCreuej8OlRR3aotMxksNySSRq/H12dXM1S2\n`

/** A real registry on loopback that lets nobody in without the password. */
export interface Registry {
  /** `127.0.0.1:port`: engines take loopback without TLS. */
  readonly address: string
  stop(): Promise<void>
}

/** Why tests with a registry cannot run here; never a reason in CI, where everything has to run. */
export function whyNoRegistry(): string | undefined {
  if (existsSync(PROGRAM) || process.env['CI'] !== undefined) return undefined
  return `${PROGRAM} is missing (npm test fetches it with apt)`
}

export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-registry-'))
  const address = `127.0.0.1:${await freePort()}`
  writeFileSync(join(folder, 'htpasswd'), HTPASSWD)
  writeFileSync(join(folder, 'config.yml'), configuration(folder, address))
  const child = spawn(PROGRAM, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await untilItAnswers(address)
  return {
    address,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, address: string): string {
  return `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${folder}/data } }
http: { addr: ${address} }
auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }
`
}

async function untilItAnswers(address: string): Promise<void> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      await fetch(`http://${address}/v2/`)
      return
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
