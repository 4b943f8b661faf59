import { chmod, chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ShoalError, type Logger } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import type { FileMount, FileSource } from '../executor/port.js'
import type { Lookup } from '../executor/template.js'
import type { StoredValues } from './stored-values.js'
import { filesOf, type WantedFile } from './wanted.js'

export interface TaskFilesOptions {
  /** Where the files are laid out: below a tmpfs. */
  readonly directory: string
  /** Makes sure that `directory` is in memory only. */
  readonly ensureMemoryOnly: (directory: string) => Promise<void>
  readonly values: StoredValues
  /** Fills in the placeholders of a templated secret or config for one task. */
  readonly expand: (text: string, what: string, task: AssignedTask, lookup: Lookup) => string
  readonly log: Logger
}

/** Lays out the secrets and configs of tasks as files, in one folder per task. */
export class TaskFiles implements FileSource {
  readonly #options: TaskFilesOptions
  /** Tasks whose container may not show in a listing yet. */
  readonly #preparing = new Set<string>()

  constructor(options: TaskFilesOptions) {
    this.#options = options
  }

  /**
   * Waits for the task's secrets and configs and lays them out; a file that is there already is made anew.
   * @returns what to mount; nothing for a task that wants nothing
   * @throws ShoalError `invalid-argument` for a template that cannot be filled in, `failed-precondition` without a
   *   tmpfs; the reason of `signal`
   */
  async prepare(task: AssignedTask, signal: AbortSignal): Promise<FileMount[]> {
    const files = filesOf(task)
    if (files.length === 0) return []
    const { directory, ensureMemoryOnly } = this.#options
    this.#preparing.add(task.ID)
    await this.#arrived(task, files, signal)
    const contents = files.map((file) => this.#contentOf(file, task))
    await ensureMemoryOnly(directory)
    const folder = join(directory, task.ID)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const mounts: FileMount[] = []
    for (const [index, file] of files.entries()) {
      const source = join(folder, String(index))
      await layOut(source, contents[index] ?? Buffer.alloc(0), file)
      mounts.push({ source, target: file.target })
    }
    return mounts
  }

  /** Removes the files of every task that is neither among `taskIds` nor being prepared. */
  async retain(taskIds: ReadonlySet<string>): Promise<void> {
    for (const id of taskIds) this.#preparing.delete(id)
    for (const id of await this.#laidOut()) {
      if (!taskIds.has(id) && !this.#preparing.has(id)) await this.release(id)
    }
  }

  /** The task's container is gone. */
  async release(taskId: string): Promise<void> {
    this.#preparing.delete(taskId)
    await rm(join(this.#options.directory, taskId), { recursive: true, force: true })
  }

  async #arrived(task: AssignedTask, files: readonly WantedFile[], signal: AbortSignal): Promise<void> {
    const { values, log } = this.#options
    const missing = files.filter((file) => !values.get(file)).map(({ kind, name }) => `${kind} ${name}`)
    if (missing.length > 0) log.info({ task: task.ID, missing }, 'waiting for secrets and configs')
    await values.arrived(files, signal)
  }

  #contentOf(file: WantedFile, task: AssignedTask): Buffer {
    const value = this.#options.values.get(file)
    if (!value) throw new ShoalError('unavailable', `${file.kind} ${file.name} was taken back`)
    const data = Buffer.from(value.Data, 'base64')
    if (!value.Templating) return data
    const what = `${file.kind} ${file.name}`
    return Buffer.from(this.#options.expand(data.toString('utf8'), what, task, this.#lookup(task)))
  }

  /** What a template may ask for is what the container gets anyway, by the target that it gets it under. */
  #lookup(task: AssignedTask): Lookup {
    const spec = task.Spec.ContainerSpec
    return (what, name) => {
      if (what === 'env')
        return spec?.Env?.findLast((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
      const references =
        what === 'secret'
          ? spec?.Secrets?.map(({ SecretID: id, File: file }) => ({ id, file }))
          : spec?.Configs?.map(({ ConfigID: id, File: file }) => ({ id, file }))
      const id = references?.find(({ file }) => file?.Name === name)?.id
      const value = id === undefined ? undefined : this.#options.values.get({ kind: what, id })
      return value && Buffer.from(value.Data, 'base64').toString('utf8')
    }
  }

  async #laidOut(): Promise<string[]> {
    try {
      return await readdir(this.#options.directory)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#options.log.warn({ reason: messageOf(error) }, 'cannot tell which files are laid out')
      return []
    }
  }
}

/** Whoever reads meanwhile finds the old file or the new one, and never one that others may read. */
async function layOut(path: string, content: Buffer, { uid, gid, mode }: WantedFile): Promise<void> {
  const temporary = `${path}.tmp`
  await rm(temporary, { force: true })
  await writeFile(temporary, content, { mode: 0o600 })
  await chown(temporary, uid, gid)
  await chmod(temporary, mode)
  await rename(temporary, path)
}
