import { spawn } from 'node:child_process'
import { messageOf, ShoalError } from '@shoal/common'

/** The programs by which the kernel is read and changed. */
export type Program = 'ip' | 'bridge' | 'nft' | 'iptables' | 'conntrack' | 'modprobe' | 'ss' | 'nsenter'

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end, whatever its exit code.
 * @throws ShoalError failed-precondition when it is not installed
 */
export type Run = (program: Program, args: readonly string[], input?: string) => Promise<Output>

/** Where administrators' programs are, for a daemon that was started with a meagre PATH. */
export const ENVIRONMENT = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`,
  LC_ALL: 'C',
}

export const runProgram: Run = (program, args, input) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: ENVIRONMENT })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (error) => reject(notRun(program, error)))
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
    // A program that ends before it has read everything closes the pipe: its exit code tells the story.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })

function notRun(program: string, error: Error): ShoalError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  if (!missing) return new ShoalError('internal', `${program}: ${messageOf(error)}`, error)
  return new ShoalError('failed-precondition', `the program ${program} is not installed on this host`, error)
}

/** @throws ShoalError internal with what the program complained of; see Run */
export async function mustRun(
  run: Run,
  program: Program,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, input)
  if (code === 0) return stdout
  const reason = stderr.trim().split('\n').slice(0, 5).join('; ')
  throw new ShoalError(
    'internal',
    `${program} ${args.slice(0, 3).join(' ')}: ${reason || `exit code ${code}`}`,
  )
}
