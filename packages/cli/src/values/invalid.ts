import { ShoalError } from '@shoal/common/errors'

/** The error of a value that cannot be understood. */
export function invalid(message: string): ShoalError {
  return new ShoalError('invalid-argument', message)
}

/** `text` cut at the first `=`: the value is undefined when there is none. */
export function cut(text: string, separator = '='): [key: string, value: string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
