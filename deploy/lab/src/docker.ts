import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  /** Fed to the program's standard input. */
  readonly input?: string | Readable
  /** The person's terminal is handed on: nothing is captured. */
  readonly interactive?: boolean
  readonly cwd?: string
}

/** Runs a program to its end, whatever its exit code. */
export function execute(program: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      stdio: options.interactive ? 'inherit' : ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
    // A program that ends before it has read everything closes the pipe: its exit code tells the story.
    child.stdin?.on('error', () => {})
    if (typeof options.input === 'object') options.input.pipe(child.stdin!)
    else child.stdin?.end(options.input)
  })
}

/** Runs `docker …` on the outer engine. @throws Error with its message when it fails */
export async function docker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await execute('docker', args, options)
  if (code !== 0) throw new Error(`docker ${args.slice(0, 3).join(' ')} …: ${stderr.trim() || stdout.trim()}`)
  return stdout.trim()
}

/** Whether the outer engine has an image of this name. */
export async function hasImage(image: string): Promise<boolean> {
  return (await execute('docker', ['image', 'inspect', image])).code === 0
}

/** Asks again every 100 ms until `probe` answers with something; undefined when the time is over. */
export async function until<Result>(
  timeoutMs: number,
  probe: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const giveUpAt = Date.now() + timeoutMs
  for (;;) {
    const result = await probe()
    if (result !== undefined || Date.now() > giveUpAt) return result
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
  }
}
