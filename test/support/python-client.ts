import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Fetched by `scripts/bootstrap.mjs --clients`. */
const LIBRARIES = ['usr/lib/python3/dist-packages', 'usr/lib/python3.11'].map((folder) =>
  fileURLToPath(new URL(`../../.tools/${folder}`, import.meta.url)),
)
const SCRIPT = fileURLToPath(new URL('../integration/python-client.py', import.meta.url))

/** Why the Docker SDK for Python cannot be tried here; never a reason in CI, where everything has to run. */
export function whyNoPythonClient(): string | undefined {
  if (existsSync(`${LIBRARIES[0]}/docker`) || process.env['CI'] !== undefined) return undefined
  return `${LIBRARIES[0]}/docker is missing (npm test fetches it with apt)`
}

/** Has Debian's Docker SDK for Python do something. @returns what it printed, parsed */
export async function pythonClient(socketPath: string, what: 'story' | 'logs'): Promise<unknown> {
  const env = { ...process.env, PYTHONPATH: LIBRARIES.join(':'), PYTHONDONTWRITEBYTECODE: '1' }
  const { stdout } = await promisify(execFile)('python3', [SCRIPT, socketPath, what], {
    env,
    timeout: 60_000,
  })
  return JSON.parse(stdout)
}
