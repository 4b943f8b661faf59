import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A program of this folder in a network namespace of its own, which goes when the program ends. */
export class InNamespace<Told extends object | string, Answered> {
  readonly #child: ChildProcess

  /** @param program its name, without `.js`; it answers everything that it is told with one message */
  constructor(program: string) {
    const path = fileURLToPath(new URL(`${program}.js`, import.meta.url))
    this.#child = spawn('unshare', ['--net', process.execPath, path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  tell(message: Told): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('a program of the benchmark has ended'))
      this.#child.once('exit', ended)
      this.#child.once('message', (answer) => {
        this.#child.off('exit', ended)
        resolve(answer as Answered)
      })
      this.#child.send(message)
    })
  }

  /** Resolves when it has ended. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      if (this.#child.connected) this.#child.disconnect()
      else resolve()
    })
  }
}
