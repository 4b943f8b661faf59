import { describe, expect, test } from 'vitest'
import { InvalidDocument } from '../invalid-document.js'
import { MAX_PATTERN_LENGTH, MAX_TEXT_LENGTH, regularExpression } from './regular-expression.js'

describe('regular expressions', () => {
  test.each([
    ['east', 'north-east-1', true],
    ['^east', 'north-east-1', false],
    ['east$', 'north-east', true],
    ['^(east|west)-[0-9]+$', 'west-42', true],
    ['^(east|west)-[0-9]+$', 'south-42', false],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^(?:ab){2}$', 'abab', true],
    ['', 'anything', true],
    ['^$', '', true],
    ['^$', 'x', false],
    ['(?i)^EAST$', 'east', true],
    ['(?i)^[a-z]+$', 'EAST', true],
    ['(?i)[^a]', 'A', false],
    ['(?i)^straße$', 'STRAßE', true],
    ['^[^x-z]$', 'y', false],
    ['^[]a-]+$', ']-a', true],
    ['^[\\d-]+$', '1-2', true],
    ['^\\w+\\s\\S\\D$', 'a_1 -x', true],
    ['\\bssd\\b', 'disk=ssd!', true],
    ['\\bssd\\b', 'ssds', false],
    ['foo\\[bar\\]', 'foo[bar]', true],
    ['^a.c$', 'a🐟c', true],
    ['^a{,2}$', 'a{,2}', true],
    ['^\\/var$', '/var', true],
    ['a+?b', 'aab', true],
  ])('%s in %j: %s', (pattern, text, expected) => {
    expect(regularExpression(pattern).test(text)).toBe(expected)
  })

  test.each([
    ['(', 'missing closing )'],
    ['a)', 'unexpected )'],
    ['[a', 'missing closing ]'],
    ['*a', 'missing argument to repetition operator'],
    ['a\\', 'trailing backslash at end of expression'],
    ['(a)\\1', 'invalid escape sequence'],
    ['(?=a)', 'invalid or unsupported Perl syntax'],
    ['((a{100}){100}){100}', 'invalid repeat count'],
    ['(ab|cd|ef){600}', 'it is too large'],
    ['a'.repeat(MAX_PATTERN_LENGTH + 1), `it is longer than ${MAX_PATTERN_LENGTH} characters`],
  ])('%s is refused', (pattern, message) => {
    const read = () => regularExpression(pattern)
    expect(read).toThrow(InvalidDocument)
    expect(read).toThrow(new InvalidDocument(message))
  })

  test.each(['(a*)*b', '(a|aa)+$', '(a|a)*(a|a)*(a|a)*b', '(.*.*.*)*x'])(
    '%s, which takes others forever, comes to its end',
    (pattern) => {
      expect(regularExpression(pattern).test(`${'a'.repeat(MAX_TEXT_LENGTH - 1)}c`)).toBe(false)
    },
  )

  test('a text that is too long is not looked through', () => {
    expect(regularExpression('a').test('a'.repeat(MAX_TEXT_LENGTH))).toBe(true)
    expect(regularExpression('a').test('a'.repeat(MAX_TEXT_LENGTH + 1))).toBe(false)
  })
})
