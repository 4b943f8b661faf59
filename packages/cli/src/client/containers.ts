import type { Duplex } from 'node:stream'
import { filterParameter, type Filters } from './filters.js'
import { type Frame, FrameReader } from './frames.js'
import type { Call, Upgrade } from './transport.js'

/** A line of the list of containers, as far as ctl looks at it. */
export interface ListedContainer {
  Id: string
  /** `/<host>/<name>` */
  Names: string[]
  Image: string
  Command: string
  /** Unix seconds. */
  Created: number
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[]
  Labels: Record<string, string>
  State: string
  Status: string
}

export interface ContainerQuery {
  /** Also those that do not run. */
  readonly all: boolean
  /** Only so many, the newest. */
  readonly limit?: number
  readonly filters?: Filters
}

/** Instants are Unix seconds. */
export interface ContainerLogQuery {
  readonly details: boolean
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tail: string
  readonly since?: string
  readonly until?: string
}

/** What an exec is made of, under the API's names. */
export interface ExecOptions {
  AttachStdin: boolean
  AttachStdout: boolean
  AttachStderr: boolean
  Tty: boolean
  Cmd: readonly string[]
  Env: readonly string[]
  Privileged: boolean
  User?: string
  WorkingDir?: string
  DetachKeys?: string
}

export interface TerminalWindow {
  readonly columns: number
  readonly rows: number
}

const at = (id: string): string => encodeURIComponent(id)
const on = (value: boolean): string | undefined => (value ? '1' : undefined)

/** The calls that concern containers of tasks, on whichever node. A container goes by its name, its ID or its task's. */
export class ContainerClient {
  readonly #call: Call
  readonly #upgrade: Upgrade

  constructor(call: Call, upgrade: Upgrade) {
    this.#call = call
    this.#upgrade = upgrade
  }

  async list({ all, limit, filters }: ContainerQuery): Promise<ListedContainer[]> {
    const query = {
      all: on(all),
      limit: limit === undefined ? undefined : String(limit),
      filters: filterParameter(filters),
    }
    return (await this.#call('GET', '/containers/json', { query })) as ListedContainer[]
  }

  /** Whether its program has a terminal: its output is then one stream. */
  async hasTerminal(container: string): Promise<boolean> {
    const document = await this.#call('GET', `/containers/${at(container)}/json`)
    return (document as { Config?: { Tty?: boolean } }).Config?.Tty ?? false
  }

  /** @param onFrame is called with each piece; of a terminal, all are of stream 1 */
  async logs(
    container: string,
    query: ContainerLogQuery & { readonly terminal: boolean },
    onFrame: (frame: Frame) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const frames = new FrameReader()
    const { details, follow, timestamps, terminal, tail, since, until } = query
    const onChunk = (bytes: Buffer): void => {
      if (terminal) onFrame({ stream: 1, bytes })
      else frames.push(bytes).forEach(onFrame)
    }
    const parameters = { details: on(details), follow: on(follow), timestamps: on(timestamps) }
    await this.#call('GET', `/containers/${at(container)}/logs`, {
      query: { stdout: '1', stderr: '1', ...parameters, tail, since, until },
      onChunk,
      signal,
    })
  }

  /** @returns the ID of the exec, which does not run yet */
  async createExec(container: string, options: ExecOptions): Promise<string> {
    const answer = await this.#call('POST', `/containers/${at(container)}/exec`, { body: options })
    return (answer as { Id: string }).Id
  }

  /** Starts an exec and leaves it to itself. */
  async startDetached(exec: string, terminal: boolean): Promise<void> {
    await this.#call('POST', `/exec/${at(exec)}/start`, { body: { Detach: true, Tty: terminal } })
  }

  /** Starts an exec. @returns its input and its output; without a terminal, the output is in frames */
  async start(exec: string, terminal: boolean): Promise<Duplex> {
    return this.#upgrade(`/exec/${at(exec)}/start`, { Detach: false, Tty: terminal })
  }

  async resizeExec(exec: string, { columns, rows }: TerminalWindow): Promise<void> {
    const query = { h: String(rows), w: String(columns) }
    await this.#call('POST', `/exec/${at(exec)}/resize`, { query })
  }

  /** @returns the exit code; undefined while it runs */
  async exitCodeOf(exec: string): Promise<number | undefined> {
    const document = await this.#call('GET', `/exec/${at(exec)}/json`)
    const { Running, ExitCode } = document as { Running: boolean; ExitCode: number | null }
    return Running ? undefined : (ExitCode ?? 0)
  }
}
