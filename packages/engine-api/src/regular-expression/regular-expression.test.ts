import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidDocument } from '../invalid-document.js'
import { MAX_PATTERN_LENGTH, MAX_TEXT_LENGTH, regularExpression } from './index.js'

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
    ['(', 'missing )'],
    ['a)', 'unexpected )'],
    ['[a', 'missing ]'],
    ['[z-a]', 'invalid character class range'],
    ['*a', 'missing argument to repetition operator *'],
    ['a**', 'invalid nested repetition operator'],
    ['a{3,2}', 'invalid repeat count {3,2}'],
    ['a{1001}', 'invalid repeat count {1001}'],
    ['a\\', 'trailing backslash'],
    ['(a)\\1', 'invalid escape sequence \\1'],
    ['(?=a)', 'groups other than (…) and (?:…) are not offered, and (?i) only at the start'],
    ['[[:alpha:]]', 'named classes such as [[:alpha:]] are not offered'],
    ['(((a{100}){100}){100})', 'it is too large'],
    ['('.repeat(51) + ')'.repeat(51), 'groups are nested too deeply'],
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

  test('agree with those of Node wherever both know the syntax', () => {
    const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '\\W', '\\b', '\\B', '^', '$')
    const pattern = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(tie('any'), tie('any')).map(([one, other]) => one + other),
        fc.tuple(tie('any'), tie('any')).map(([one, other]) => `(${one}|${other})`),
        fc
          .tuple(tie('any'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,}', '*?'))
          .map(([one, count]) => `(?:${one})${count}`),
      ),
    })).any
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', ' '), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (body, subject, ignoresCase) => {
        const own = regularExpression(ignoresCase ? `(?i)${body}` : body).test(subject)
        expect(own).toBe(new RegExp(body, ignoresCase ? 'iu' : 'u').test(subject))
      }),
      { numRuns: 2000 },
    )
  })
})
