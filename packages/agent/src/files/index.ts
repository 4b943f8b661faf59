/**
 * The secrets and configs of this host's tasks: what managers send of them is held in memory only, and laid out for
 * each task as files in a tmpfs, which the executor mounts into its container. Nothing of it reaches a disk.
 */
export { filesOf, type WantedFile } from './wanted.js'
export { apart, StoredValues } from './stored-values.js'
export { TaskFiles, type TaskFilesOptions } from './task-files.js'
export { ensureTmpfs } from './tmpfs.js'
