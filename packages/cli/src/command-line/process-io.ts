import { createInterface } from 'node:readline/promises'
import type { Clock } from '@shoal/common/clock'
import { ManagerClient } from '../client/index.js'
import type { Console, Io } from '../commands/lib/command.js'
import { chooseContext, chosenEndpoint, configFolder, ContextStore, type Globals } from '../contexts/index.js'
import { liveScreen, plainScreen } from '../progress/index.js'

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const ended = new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''))
    })
    const answer = await Promise.race([lines.question(question), ended])
    return answer.trim().toLowerCase() === 'y'
  } finally {
    lines.close()
  }
}

function processConsole(): Console {
  const { stdin, stdout, stderr } = process
  return {
    input: stdin,
    output: stdout,
    errors: stderr,
    inputIsTerminal: stdin.isTTY,
    takeKeys() {
      if (!stdin.isTTY) return () => undefined
      stdin.setRawMode(true)
      return () => void stdin.setRawMode(false)
    },
    window: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined),
    onResize(listener) {
      stdout.on('resize', listener)
      return () => void stdout.removeListener('resize', listener)
    },
  }
}

/** The world as this process has it. */
export function processIo(globals: Globals, clock: Clock): Io {
  const write = (text: string): void => void process.stdout.write(text)
  const contexts = new ContextStore(configFolder(process.env))
  let client: ManagerClient | undefined
  return {
    print: (text) => write(`${text}\n`),
    warn: (text) => void process.stderr.write(`${text}\n`),
    environment: process.env,
    confirm: (question) => confirm(`${question} `),
    clock,
    contexts: () => contexts,
    contextName: () => chooseContext(globals, process.env, contexts.current()),
    client: () => (client ??= ManagerClient.at(chosenEndpoint(globals, process.env, contexts))),
    console: processConsole,
    screen: () =>
      process.stdout.isTTY
        ? liveScreen(write, () => ({
            columns: process.stdout.columns || DEFAULT_COLUMNS,
            rows: process.stdout.rows || DEFAULT_ROWS,
          }))
        : plainScreen(write),
    async untilInterrupted(work) {
      const stop = new AbortController()
      const interrupt = (): void => stop.abort()
      process.once('SIGINT', interrupt)
      try {
        return await work(stop.signal)
      } finally {
        process.removeListener('SIGINT', interrupt)
      }
    },
  }
}
