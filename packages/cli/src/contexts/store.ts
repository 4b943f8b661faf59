import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { messageOf, ShoalError } from '@shoal/common/errors'
import type { ClientTls, Environment } from '../client/index.js'

/** What is in force without any context: the flag `--host`, the environment, or the local socket. */
export const DEFAULT_CONTEXT = 'default'
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/
const SUFFIX = '.json'
const FOLDER_MODE = 0o700
/** Contexts hold keys. */
const FILE_MODE = 0o600

/** How one cluster is reached. */
export interface Context {
  readonly name: string
  readonly description: string
  /** As for `--host`. */
  readonly host: string
  /** Copies of the certificates: their files may go. */
  readonly tls?: ClientTls
}

/** Where a user's contexts are: `$XDG_CONFIG_HOME/shoal`, else `~/.config/shoal`. */
export function configFolder(environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config')
  return join(base, 'shoal')
}

/** @throws ShoalError `invalid-argument` in docker's words */
export function checkContextName(name: string): void {
  if (name === DEFAULT_CONTEXT) {
    throw new ShoalError('invalid-argument', `"${DEFAULT_CONTEXT}" is a reserved context name`)
  }
  if (!NAME.test(name)) {
    throw new ShoalError(
      'invalid-argument',
      `context name "${name}" is invalid, names are validated against regexp "${NAME.source}"`,
    )
  }
}

/** The contexts of one user, a file each, and which of them is in use. Files are replaced whole. */
export class ContextStore {
  readonly #folder: string

  /** @param folder need not exist */
  constructor(folder: string) {
    this.#folder = folder
  }

  pathOf(name: string): string {
    return join(this.#folder, 'contexts', `${name}${SUFFIX}`)
  }

  /** By their names. */
  names(): string[] {
    try {
      const files = readdirSync(join(this.#folder, 'contexts'))
      return files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .sort()
    } catch (error) {
      if (isAbsent(error)) return []
      throw unreadable(this.#folder, error)
    }
  }

  has(name: string): boolean {
    return this.names().includes(name)
  }

  /** @throws ShoalError `not-found`, `failed-precondition` for a file that cannot be read */
  get(name: string): Context {
    checkContextName(name)
    const path = this.pathOf(name)
    try {
      const { description = '', host, tls } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Context>
      if (typeof host !== 'string') throw new Error('it names no host')
      return { name, description, host, ...(tls && { tls }) }
    } catch (error) {
      if (isAbsent(error)) throw new ShoalError('not-found', `context "${name}" not found`, error)
      throw unreadable(path, error)
    }
  }

  put(context: Context): void {
    checkContextName(context.name)
    this.#write(this.pathOf(context.name), `${JSON.stringify(context, undefined, 2)}\n`)
  }

  remove(name: string): void {
    rmSync(this.pathOf(name))
  }

  /** Undefined when none is in use. */
  current(): string | undefined {
    try {
      return readFileSync(this.#currentPath(), 'utf8').trim() || undefined
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw unreadable(this.#currentPath(), error)
    }
  }

  use(name: string | undefined): void {
    if (name === undefined) rmSync(this.#currentPath(), { force: true })
    else this.#write(this.#currentPath(), `${name}\n`)
  }

  #currentPath(): string {
    return join(this.#folder, 'current-context')
  }

  #write(path: string, text: string): void {
    mkdirSync(join(this.#folder, 'contexts'), { recursive: true, mode: FOLDER_MODE })
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, text, { mode: FILE_MODE })
    chmodSync(draft, FILE_MODE)
    renameSync(draft, path)
  }
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}

function unreadable(path: string, error: unknown): ShoalError {
  return new ShoalError('failed-precondition', `unable to read ${path}: ${messageOf(error)}`, error)
}
