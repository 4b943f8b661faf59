import { spawn } from 'node:child_process'

/** How a program ended. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  /** The whole environment; that of the test when it is left out. */
  readonly environment?: NodeJS.ProcessEnv
  readonly input?: string
  /** After so many milliseconds the program is killed. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 120_000
const NO_EXIT_CODE = 255

/** Runs a program to its end, whatever its exit code. @throws Error when it cannot be started */
export function runProgram(
  program: string,
  args: readonly string[],
  { environment, input, timeoutMs = DEFAULT_TIMEOUT_MS }: ProgramOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: environment ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal) stderr += `\nended by ${signal}, after ${timeoutMs} ms if nobody else did it`
      resolve({ code: code ?? NO_EXIT_CODE, stdout, stderr })
    })
    // A program that ends before it has read everything closes the pipe: its exit code tells the story.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Runs a program that has to succeed. @returns what it printed @throws Error with what it said when it fails */
export async function mustRunProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, options)
  if (code === 0) return stdout.trim()
  throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`)
}
