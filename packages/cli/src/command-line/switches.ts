import { FlagError } from '../spec/flag.js'
import type { FlagText } from '../commands/lib/command.js'

const YES = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const NO = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

/** How a switch that is turned off is passed on: commander has no word for `--init=false`. */
export const OFF_PREFIX = 'turned-off-'

/**
 * Rewrites switches with a value (`--init=false`, `--tty=true`) into flags that commander can read.
 * @param words what follows the command's name
 * @param endsAtArgument whether everything after the first argument is to be left alone
 * @throws FlagError for another value than yes or no
 */
export function rewriteSwitches(
  words: readonly string[],
  flags: readonly FlagText[],
  endsAtArgument: boolean,
): string[] {
  const valued = new Set<string>()
  for (const { name, short, value } of flags) {
    if (value === undefined) continue
    valued.add(`--${name}`)
    if (short !== undefined) valued.add(`-${short}`)
  }
  const rewritten: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--' || (endsAtArgument && !word.startsWith('-'))) return [...rewritten, ...words.slice(at)]
    const match = /^--([^=]+)=(.*)$/.exec(word)
    const toggled = flags.find((flag) => flag.name === match?.[1] && flag.value === undefined)
    rewritten.push(toggled === undefined ? word : withState(toggled.name, match?.[2] ?? ''))
    if (valued.has(word) && at + 1 < words.length) rewritten.push(words[++at] ?? '')
  }
  return rewritten
}

function withState(name: string, value: string): string {
  if (YES.has(value)) return `--${name}`
  if (NO.has(value)) return `--${OFF_PREFIX}${name}`
  throw new FlagError(
    `invalid argument ${JSON.stringify(value)} for "--${name}" flag: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  )
}
