import { readFileSync } from 'node:fs'

/** The version of ctl itself, as its package says. */
export function cliVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
