import { existsSync, mkdirSync, rmSync, writeFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** How far the agent has come with joining, for `ctl swarm join` to read. */
export type AgentState =
  | { readonly state: 'joined'; readonly nodeId: string }
  | { readonly state: 'failed'; readonly message: string }

/** The agent's small files in the run folder. */
export class RunFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o755 })
  }

  writePid(): void {
    writeFileSync(this.#path('agent.pid'), `${process.pid}\n`)
  }

  removePid(): void {
    rmSync(this.#path('agent.pid'), { force: true })
  }

  writeState(state: AgentState): void {
    writeFileSync(this.#path('agent.state.tmp'), JSON.stringify(state))
    renameSync(this.#path('agent.state.tmp'), this.#path('agent.state'))
  }

  /** Whether `ctl swarm leave` asks this host to give up its tasks when the agent ends. */
  isLeaving(): boolean {
    return existsSync(this.#path('agent.leave'))
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
