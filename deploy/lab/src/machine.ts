import { execute, type Output } from './docker.js'

/** Runs a command on a machine of the lab, whatever its exit code. @param name or ID, as the outer engine knows it */
export function onHost(name: string, command: readonly string[], input?: string): Promise<Output> {
  return execute(
    'docker',
    ['exec', ...(input === undefined ? [] : ['-i']), name, ...command],
    input === undefined ? {} : { input },
  )
}

/** Runs a command on a machine. @returns what it printed @throws Error when it fails */
export async function mustRun(host: string, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await onHost(host, command)
  if (code !== 0) throw new Error(`${host}: ${command.join(' ')}: ${stderr.trim() || stdout.trim()}`)
  return stdout.trim()
}

/** Writes files, readable for root alone, to a machine of the lab; their folders are made, and each is there whole or not at all. */
export async function writeFiles(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const command = [
      'sh',
      '-c',
      'umask 077; mkdir -p "$(dirname "$1")"; cat >"$1.new" && mv "$1.new" "$1"',
      'write',
      path,
    ]
    const { code, stderr } = await onHost(name, command, text)
    if (code !== 0) throw new Error(`${name}: ${path} could not be written: ${stderr.trim()}`)
  }
}
