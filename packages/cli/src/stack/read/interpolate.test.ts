import { describe, expect, test } from 'vitest'
import { parseEnvFile } from './env-file.js'
import { interpolate } from './interpolate.js'

const values: Readonly<Record<string, string>> = { SET: 'value', EMPTY: '', OTHER: 'more' }
const put = (text: string, missing: string[] = []): string =>
  interpolate(
    text,
    { lookup: (name) => values[name], missing: (name) => void missing.push(name) },
    'services.web.image',
  )

describe('variables', () => {
  test.each([
    ['plain', 'plain'],
    ['$SET', 'value'],
    ['${SET}-x', 'value-x'],
    ['$$SET and $${SET}', '$SET and ${SET}'],
    ['${SET:-x}', 'value'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${NONE:-x}', 'x'],
    ['${NONE-x}', 'x'],
    ['${NONE:-}', ''],
    ['${SET:+x}', 'x'],
    ['${EMPTY:+x}', ''],
    ['${EMPTY+x}', 'x'],
    ['${NONE+x}', ''],
    ['${SET:?must}', 'value'],
    ['${EMPTY?must}', ''],
    ['${NONE:-${OTHER}}', 'more'],
    ['${NONE:-${NEITHER:-a}b}c', 'abc'],
    ['${NONE:-http://a:1/}', 'http://a:1/'],
  ])('%s becomes %s', (text, expected) => expect(put(text)).toBe(expected))

  test('one that is not set is the empty text, and told of', () => {
    const missing: string[] = []
    expect(put('a${NONE}b$NONE', missing)).toBe('ab')
    expect(missing).toEqual(['NONE', 'NONE'])
  })

  test.each(['${', '${}', '$', '$1', '${SET', '${SET!x}', 'a ${1}'])('%s is refused', (text) =>
    expect(() => put(text)).toThrow(/invalid interpolation format for services\.web\.image/),
  )

  test.each([
    ['${NONE:?say why}', 'services.web.image: required variable NONE is missing a value: say why'],
    ['${EMPTY:?}', 'services.web.image: required variable EMPTY is missing a value: '],
    ['${NONE?$SET}', 'services.web.image: required variable NONE is missing a value: value'],
  ])('%s ends with its message', (text, message) => expect(() => put(text)).toThrow(message))
})

describe('a file of variables', () => {
  const parse = (text: string): Record<string, string | undefined> =>
    Object.fromEntries(parseEnvFile(text, '.env', (name) => values[name]))

  test.each<[string, Record<string, string | undefined>]>([
    ['A=1\n\n# no\nB = two words \n', { A: '1', B: 'two words' }],
    ['export A=1', { A: '1' }],
    ['A=1 # why\nB=a#b', { A: '1', B: 'a#b' }],
    [`A='$SET'\nB="$SET"\nC=$SET`, { A: '$SET', B: 'value', C: 'value' }],
    [String.raw`A="a\nb\"c\\ \$SET"`, { A: 'a\nb"c\\ $SET' }],
    ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
    ['A=1\nB=${A}2', { A: '1', B: '12' }],
    ['A=\nSET\nNONE', { A: '', SET: 'value', NONE: undefined }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ])('%j', (text, expected) => expect(parse(text)).toEqual(expected))

  test.each(['not a name', '=x', 'A="open'])('%j is refused with its line', (text) =>
    expect(() => parse(`# first\n${text}`)).toThrow(/^\.env: line 2/),
  )
})
