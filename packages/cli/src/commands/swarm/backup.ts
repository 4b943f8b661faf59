import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readBackup } from '@shoal/common/backup'
import { messageOf, ShoalError } from '@shoal/common/errors'
import { argument, type Command } from '../lib/command.js'

export const command: Command = {
  usage: '[OPTIONS] FILE',
  description:
    "Write everything that the cluster's managers know into a file: its services, nodes, tasks, tokens and root key. Whoever has the file has the cluster.",
  examples: ['ctl swarm backup /root/shoal-$(date +%F).backup'],
  flags: [],
  arguments: { least: 1, most: 1 },
  async run({ args, io }) {
    const path = argument(args, 0)
    const text = await io.client().backup()
    const { header, records } = wholeBackup(text)
    save(path, text)
    io.print(
      `${records.length} records of the cluster ${header.cluster} (revision ${header.revision}) are in ${path}.`,
    )
    io.print("It holds the cluster's root key: keep it where only you can read it.")
  },
}

function wholeBackup(text: string): ReturnType<typeof readBackup> {
  try {
    return readBackup(text)
  } catch (error) {
    throw new ShoalError('unavailable', `the manager has not sent a whole backup: ${messageOf(error)}`, error)
  }
}

/** Whatever happens meanwhile, the path names a whole backup, or what it named before. */
function save(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`
  try {
    // Never a file that was there: its mode would stay.
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new ShoalError('invalid-argument', `the backup cannot be written: ${messageOf(error)}`, error)
  }
}
