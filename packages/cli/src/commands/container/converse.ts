import { once } from 'node:events'
import type { Duplex, Writable } from 'node:stream'
import type { Clock } from '@shoal/common/clock'
import { ShoalError } from '@shoal/common/errors'
import { FrameReader, type TerminalWindow } from '../../client/index.js'
import type { Console } from '../lib/command.js'

/** Stream 3 of a multiplexed stream: why it ends, in the manager's words. */
const LAST_WORDS = 3
/** The engine knows a program's terminal only a moment after it was asked to start it. */
const RESIZE_TRIES = 5
const RESIZE_PAUSE_MS = 50

export interface Conversation {
  /** Input and output of a program in a container. */
  readonly stream: Duplex
  readonly console: Console
  readonly clock: Clock
  /** Whether the program has a terminal. Without one, its output is in frames. */
  readonly terminal: boolean
  /** Whether what is typed goes to the program. */
  readonly takesInput: boolean
  readonly resize: (window: TerminalWindow) => Promise<void>
}

/**
 * Connects the user with a program in a container, until the program's output ends. In a terminal, keys go there as
 * they are typed, ctrl-C among them, and the program's window is as large as the user's.
 * @throws ShoalError `unavailable` when the way to the program is lost
 */
export async function converse(conversation: Conversation): Promise<void> {
  const { stream, console, terminal, takesInput } = conversation
  const { input } = console
  const releaseKeys = terminal && takesInput ? console.takeKeys() : () => undefined
  const stopResizing = terminal ? followWindow(conversation) : () => undefined
  try {
    // The program may end while there is still something to be typed.
    stream.on('error', () => undefined)
    if (takesInput) input.pipe(stream)
    else if (!terminal) stream.end()
    await (terminal ? copy(stream, console.output) : copyFrames(stream, console))
  } finally {
    stopResizing()
    input.unpipe(stream)
    input.pause()
    releaseKeys()
    stream.destroy()
  }
}

/** @returns ends it */
function followWindow({ console, clock, resize }: Conversation): () => void {
  let wanted = 0
  const cancels = new Set<() => void>()
  const fit = (tries: number, wish: number): void => {
    const window = console.window()
    if (window === undefined || wish !== wanted) return
    resize(window).catch(() => {
      if (tries <= 1) return
      const cancel = clock.setTimer(RESIZE_PAUSE_MS, () => {
        cancels.delete(cancel)
        fit(tries - 1, wish)
      })
      cancels.add(cancel)
    })
  }
  const unsubscribe = console.onResize(() => fit(RESIZE_TRIES, ++wanted))
  fit(RESIZE_TRIES, wanted)
  return () => {
    unsubscribe()
    wanted = -1
    for (const cancel of cancels) cancel()
  }
}

async function copy(stream: Duplex, output: Writable): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await write(output, chunk)
}

async function copyFrames(stream: Duplex, { output, errors }: Console): Promise<void> {
  const frames = new FrameReader()
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const { stream: number, bytes } of frames.push(chunk)) {
      if (number === LAST_WORDS) {
        throw new ShoalError('unavailable', `error from daemon in stream: ${bytes.toString('utf8').trim()}`)
      }
      await write(number === 2 ? errors : output, bytes)
    }
  }
}

async function write(output: Writable, bytes: Buffer): Promise<void> {
  if (!output.write(bytes)) await once(output, 'drain')
}
