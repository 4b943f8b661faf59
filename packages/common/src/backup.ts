/**
 * The file of a backup: lines of JSON. First a header, then one line per record (its key below the cluster's
 * prefix, and the stored text), last a checksum over every byte before it. docs/operations.md describes it.
 */
import { createHash } from 'node:crypto'
import { ShoalError } from './errors.js'

export const BACKUP_FORMAT = 'shoal-backup'
export const BACKUP_VERSION = 1

export interface BackupHeader {
  readonly cluster: string
  /** RFC 3339. */
  readonly createdAt: string
  /** The release of the manager that made it. */
  readonly release: string
  /** The store's revision at which all records were read together. */
  readonly revision: number
}

export interface BackupRecord {
  /** Below the cluster's prefix: `services/…`. */
  readonly key: string
  /** What the store holds, as it stands. */
  readonly value: string
}

export interface Backup {
  readonly header: BackupHeader
  readonly records: readonly BackupRecord[]
}

/** The file's text, line by line. */
export function* backupLines({ header, records }: Backup): Generator<string> {
  const hash = createHash('sha256')
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`
    hash.update(text)
    return text
  }
  yield line({ format: BACKUP_FORMAT, version: BACKUP_VERSION, ...header, records: records.length })
  for (const { key, value } of records) yield line({ key, value })
  yield `${JSON.stringify({ sha256: hash.digest('hex') })}\n`
}

/**
 * Reads a backup, and makes sure that it is whole.
 * @param text what the file holds
 * @throws ShoalError `invalid-argument` saying what is wrong with it
 */
export function readBackup(text: string): Backup {
  const lines = text.split('\n')
  const first = readLine(lines[0] ?? '')
  if (first?.['format'] !== BACKUP_FORMAT) throw refusal('this is no backup of a Shoal cluster')
  const { version, cluster, createdAt, release, revision, records: count } = first
  if (version !== BACKUP_VERSION) {
    throw refusal(
      `this backup has the format's version ${String(version)}; this release reads ${BACKUP_VERSION}`,
    )
  }
  // The last line ends with a newline too, so that its own loss shows.
  const sum = lines.at(-1) === '' ? readLine(lines.at(-2) ?? '')?.['sha256'] : undefined
  if (typeof sum !== 'string') throw refusal('this backup is not whole: its end is missing')
  const body = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
  if (createHash('sha256').update(body).digest('hex') !== sum)
    throw refusal('this backup is damaged: its checksum differs')
  const records = lines.slice(1, -2).map(readRecord)
  if (records.length !== count)
    throw refusal('this backup is damaged: it has another number of records than it says')
  return {
    header: {
      cluster: String(cluster),
      createdAt: String(createdAt),
      release: String(release),
      revision: Number(revision),
    },
    records,
  }
}

function readRecord(line: string): BackupRecord {
  const { key, value } = readLine(line) ?? {}
  if (typeof key !== 'string' || typeof value !== 'string')
    throw refusal('this backup is damaged: a line is no record')
  return { key, value }
}

function readLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function refusal(message: string): ShoalError {
  return new ShoalError('invalid-argument', message)
}
