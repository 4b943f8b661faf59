import { parseArgs } from 'node:util'
import { messageOf, ShoalError } from './errors.js'

export interface CommandLine<Required extends string, Optional extends string> {
  /** How the program is called: `manager --config <file>`. */
  readonly usage: string
  readonly required: readonly Required[]
  readonly optional?: readonly Optional[]
}

/**
 * Reads how a program was called; every option takes a text.
 * @param args without the names of Node.js and of the program
 * @throws ShoalError `invalid-argument` that says how it is called
 */
export function readArguments<Required extends string, Optional extends string = never>(
  { usage, required, optional = [] }: CommandLine<Required, Optional>,
  args: readonly string[],
): Record<Required, string> & Partial<Record<Optional, string>> {
  const names: readonly string[] = [...required, ...optional]
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ args: [...args], options })
    const missing = required.find((name) => values[name] === undefined)
    if (missing !== undefined) throw new Error(`--${missing} is missing`)
    return values as Record<Required, string> & Partial<Record<Optional, string>>
  } catch (error) {
    throw new ShoalError('invalid-argument', `${messageOf(error)}\nusage: ${usage}`, error)
  }
}

/** What a program cannot go on without: where it fails, the program ends with code 1 and says why, without a stack. */
export function orExit<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    console.error(messageOf(error))
    process.exit(1)
  }
}
