import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The managers' `host:port` that this host was last given, kept so that it finds them after a restart. */
export class FileManagerList {
  readonly #path: string
  readonly #initial: readonly string[]

  /** @param initial what to begin with, as long as no manager has given a list */
  constructor(path: string, initial: readonly string[]) {
    this.#path = path
    this.#initial = initial
  }

  async load(): Promise<readonly string[]> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.#path, 'utf8'))
      if (Array.isArray(stored) && stored.every((item) => typeof item === 'string')) return stored
    } catch {
      // Not there yet, or damaged: the configuration's list leads to a manager, which gives a new one.
    }
    return this.#initial
  }

  /** Whoever reads meanwhile, or after a crash, finds the old list or the new one. */
  async save(managers: readonly string[]): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeFile(`${this.#path}.tmp`, JSON.stringify(managers), { mode: 0o600 })
    await rename(`${this.#path}.tmp`, this.#path)
  }
}
