import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ShoalError, type Logger } from '@shoal/common'
import type { AssignedTask, TaskStatus } from '@shoal/engine-api'

/** A task of this host as it is kept on disk. */
export interface AssignmentRecord {
  readonly task: AssignedTask
  readonly status: TaskStatus
  /** The manager wants no more of it, but its container has not been dealt with yet. */
  readonly withdrawn: boolean
  /** The boot of the host during which the record was written. */
  readonly bootId: string
}

/** Keeps the assignment set over restarts. What `put` and `remove` have resolved for survives a power cut. */
export interface AssignmentStore {
  load(): Promise<AssignmentRecord[]>
  put(records: readonly AssignmentRecord[]): Promise<void>
  remove(taskIds: readonly string[]): Promise<void>
}

const FILE_SUFFIX = '.json'
const TEMPORARY_SUFFIX = '.tmp'

interface PendingWrite {
  /** undefined: the file is to go. */
  readonly text: string | undefined
}

/**
 * One JSON file per task in one directory, written aside, synced and renamed. Writes that are ready at the same
 * time share one sync of the directory; of two for one task the later counts.
 */
export class FileAssignmentStore implements AssignmentStore {
  readonly #directory: string
  readonly #log: Logger
  #pending = new Map<string, PendingWrite>()
  #flushing: Promise<void> = Promise.resolve()
  #nextFlush: Promise<void> | undefined

  /** @param directory is made if it is missing, readable for its owner only: specs and credentials are secrets */
  constructor(directory: string, log: Logger) {
    this.#directory = directory
    this.#log = log
  }

  async load(): Promise<AssignmentRecord[]> {
    await this.#ensureDirectory()
    const names = (await readdir(this.#directory)).sort()
    const leftovers = names.filter((name) => name.endsWith(TEMPORARY_SUFFIX))
    await Promise.all(leftovers.map((name) => rm(join(this.#directory, name), { force: true })))
    const files = names.filter((name) => name.endsWith(FILE_SUFFIX))
    const records = await Promise.all(files.map((name) => this.#read(name)))
    return records.filter((record) => record !== undefined)
  }

  put(records: readonly AssignmentRecord[]): Promise<void> {
    const writes = records.map((record): [string, PendingWrite] => {
      const text = JSON.stringify(record)
      return [fileName(record.task.ID), { text }]
    })
    return this.#enqueue(writes)
  }

  remove(taskIds: readonly string[]): Promise<void> {
    return this.#enqueue(taskIds.map((id) => [fileName(id), { text: undefined }]))
  }

  /** A record that cannot be read costs one task, not the host: the manager sends the task again. */
  async #read(name: string): Promise<AssignmentRecord | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory, name), 'utf8')) as AssignmentRecord
    } catch (error) {
      this.#log.error(
        { file: name, reason: messageOf(error) },
        'the record of an assigned task cannot be read',
      )
      return undefined
    }
  }

  #enqueue(writes: readonly [string, PendingWrite][]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    for (const [name, write] of writes) this.#pending.set(name, write)
    // A flush that has begun has taken its writes along already; one that has not will take these.
    this.#nextFlush ??= this.#flushAfter(this.#flushing)
    this.#flushing = this.#nextFlush.catch(() => undefined)
    return this.#nextFlush
  }

  async #flushAfter(previous: Promise<void>): Promise<void> {
    await previous
    this.#nextFlush = undefined
    const batch = this.#pending
    this.#pending = new Map()
    await this.#ensureDirectory()
    await Promise.all([...batch].map(([name, write]) => this.#write(name, write)))
    await syncAndClose(this.#directory)
  }

  async #write(name: string, { text }: PendingWrite): Promise<void> {
    const path = join(this.#directory, name)
    if (text === undefined) return rm(path, { force: true })
    const temporary = `${path}${TEMPORARY_SUFFIX}`
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  }

  async #ensureDirectory(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
  }
}

/** Makes renames and removals in a directory durable. */
async function syncAndClose(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** IDs come from the network: none may lead out of the directory. */
function fileName(taskId: string): string {
  if (!/^[\w-]{1,64}$/u.test(taskId)) throw new ShoalError('invalid-argument', `invalid task ID: ${taskId}`)
  return `${taskId}${FILE_SUFFIX}`
}
