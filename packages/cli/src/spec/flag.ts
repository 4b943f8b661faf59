import { ShoalError } from '@shoal/common/errors'
import type { ServiceDraft } from './draft.js'

/** One flag of `service create` or `service update`. */
export interface Flag {
  /** Without the dashes. */
  name: string
  short?: string
  /** What stands for its value in the help; a flag without it is a switch. */
  value?: string
  help: string
  /** Edits the draft by the values that were given, one at least. */
  apply(draft: ServiceDraft, values: readonly string[]): void
}

interface FlagText {
  short?: string
  value?: string
}

/** A flag whose values are parsed one by one and then applied together; refused values name the flag. */
export function flag<Value>(
  name: string,
  text: FlagText,
  help: string,
  parse: (text: string) => Value,
  edit: (draft: ServiceDraft, values: [Value, ...Value[]]) => void,
): Flag {
  const label = text.short === undefined ? `--${name}` : `-${text.short}, --${name}`
  return {
    name,
    ...text,
    help,
    apply(draft, values) {
      const [first, ...others] = values.map((value) => parseNamed(label, value, parse))
      if (first !== undefined) edit(draft, [first, ...others])
    },
  }
}

function parseNamed<Value>(label: string, value: string, parse: (text: string) => Value): Value {
  try {
    return parse(value)
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error
    throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${label}" flag: ${error.message}`)
  }
}

/** A value that its flag cannot take: shown together with the command's usage. */
export class FlagError extends ShoalError {
  constructor(message: string) {
    super('invalid-argument', message)
    this.name = 'FlagError'
  }
}

/** A flag with one value: the last one counts. */
export function single<Value>(
  name: string,
  text: FlagText,
  help: string,
  parse: (text: string) => Value,
  edit: (draft: ServiceDraft, value: Value) => void,
): Flag {
  return flag(name, text, help, parse, (draft, values) => edit(draft, values.at(-1) ?? values[0]))
}

/** A switch. */
export function toggle(
  name: string,
  help: string,
  edit: (draft: ServiceDraft, on: boolean) => void,
  short?: string,
): Flag {
  const text = short === undefined ? {} : { short }
  return single(name, text, help, (value) => value === 'true', edit)
}

/** A switch or value that the command itself looks at, and that no field of the spec stands for. */
export function commandFlag(name: string, help: string, short?: string): Flag {
  return toggle(name, help, () => undefined, short)
}

/** Text that needs no check. */
export const anyText = (text: string): string => text
