/**
 * An identity in a folder: `key.pem`, `cert.pem`, `ca.pem`. The three change together: they are written
 * whole into `.next`, which appears by one rename, and then take the places of the old ones. A load that
 * finds `.next` first finishes what a crash has interrupted.
 */
import type * as nodeFs from 'node:fs/promises'
import { join } from 'node:path'
import type { Identity } from './identity.js'

/** Access to files is handed in: `node:fs/promises`. */
export type IdentityFileSystem = Pick<typeof nodeFs, 'mkdir' | 'open' | 'readFile' | 'rename' | 'rm'>

const FILES = [
  { name: 'key.pem', field: 'keyPem', mode: 0o600 },
  { name: 'cert.pem', field: 'certificatePem', mode: 0o644 },
  { name: 'ca.pem', field: 'rootsPem', mode: 0o644 },
] as const satisfies readonly { name: string; field: keyof Identity; mode: number }[]

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function writeDurably(fs: IdentityFileSystem, path: string, text: string, mode: number): Promise<void> {
  const file = await fs.open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(fs: IdentityFileSystem, path: string): Promise<void> {
  const folder = await fs.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function moveNextIn(fs: IdentityFileSystem, directory: string): Promise<void> {
  const next = join(directory, '.next')
  for (const { name } of FILES) {
    try {
      await fs.rename(join(next, name), join(directory, name))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  await fs.rm(next, { recursive: true, force: true })
}

/**
 * Writes an identity so that a crash at any moment leaves the old one or the new one.
 * @param directory is made, for its owner only, when it does not exist
 * @throws the file system's errors
 */
export async function saveIdentity(
  fs: IdentityFileSystem,
  directory: string,
  identity: Identity,
): Promise<void> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 })
  await moveNextIn(fs, directory)
  const draft = join(directory, '.draft')
  await fs.rm(draft, { recursive: true, force: true })
  await fs.mkdir(draft, { mode: 0o700 })
  for (const { name, field, mode } of FILES) await writeDurably(fs, join(draft, name), identity[field], mode)
  await syncFolder(fs, draft)
  await fs.rename(draft, join(directory, '.next'))
  await syncFolder(fs, directory)
  await moveNextIn(fs, directory)
  await syncFolder(fs, directory)
}

/**
 * Reads an identity; it is not checked.
 * @returns undefined when there is none, or not all of it
 * @throws the file system's errors, other than that a file does not exist
 */
export async function loadIdentity(fs: IdentityFileSystem, directory: string): Promise<Identity | undefined> {
  try {
    await moveNextIn(fs, directory)
    const texts = FILES.map(({ name }) => fs.readFile(join(directory, name), 'utf8'))
    const [keyPem, certificatePem, rootsPem] = await Promise.all(texts)
    if (keyPem === undefined || certificatePem === undefined || rootsPem === undefined) return undefined
    return { keyPem, certificatePem, rootsPem }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
