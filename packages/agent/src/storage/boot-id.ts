import { readFile } from 'node:fs/promises'

/** What Linux calls this boot of the host: another one after every reboot. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
