import { expect, test } from 'vitest'
import { readArguments } from './program.js'

const LINE = {
  usage: 'agent --config <file> [--ctl <file>]',
  required: ['config'],
  optional: ['ctl'],
} as const

test('a program is told its options', () => {
  expect(readArguments(LINE, ['--config', 'a.json'])).toEqual({ config: 'a.json' })
  expect(readArguments(LINE, ['--ctl=b.js', '--config=a.json'])).toEqual({ config: 'a.json', ctl: 'b.js' })
})

test.each([
  [[], '--config is missing'],
  [['--help'], "Unknown option '--help'"],
  [['--config'], "Option '--config <value>' argument missing"],
  [['a.json'], "Unexpected argument 'a.json'"],
])('given %j, it says what is wrong and how it is called', (args, complaint) => {
  expect(() => readArguments(LINE, args)).toThrow(complaint)
  expect(() => readArguments(LINE, args)).toThrow('usage: agent --config <file> [--ctl <file>]')
})
