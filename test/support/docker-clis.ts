import { delimiter, join } from 'node:path'
import { runProgram } from './program.js'

export interface DockerCli {
  readonly path: string
  readonly version: string
}

/** Every docker CLI on the search path, one of each version. */
export async function installedDockerClis(): Promise<DockerCli[]> {
  const found = new Map<string, string>()
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'docker')
    const outcome = await runProgram(path, ['--version']).catch(() => undefined)
    const version = /version ([\d.]+)/.exec(outcome?.stdout ?? '')?.[1]
    if (version !== undefined && !found.has(version)) found.set(version, path)
  }
  return [...found].map(([version, path]) => ({ version, path }))
}
