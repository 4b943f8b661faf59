import { describe, expect, test } from 'vitest'
import type { ConfigReference, ConfigSpec, SecretReference, SecretSpec } from '../documents/index.js'
import {
  validateConfigReferences,
  validateConfigSpec,
  validateSecretReferences,
  validateSecretSpec,
} from './secret.js'

const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64')
const DATA = base64(3)

describe('a secret', () => {
  const refused: [string, SecretSpec, string][] = [
    ['without a name', { Data: DATA }, 'name must be provided'],
    ['whose name ends in a dot', { Name: 'a.', Data: DATA }, 'invalid name, only 64'],
    ['whose name is too long', { Name: 'a'.repeat(65), Data: DATA }, 'invalid name, only 64'],
    ['without data', { Name: 'a' }, 'secret data must be larger than 0 and less than 512000 bytes'],
    ['of 512000 bytes', { Name: 'a', Data: base64(512_000) }, 'less than 512000 bytes'],
    ['in URL-safe base64', { Name: 'a', Data: '-_-_' }, 'not standard base64'],
    ['of an unknown templating', { Name: 'a', Data: DATA, Templating: { Name: 'jinja' } }, '"jinja"'],
  ]
  test.each(refused)('%s is refused', (_story, spec, message) => {
    expect(() => validateSecretSpec(spec)).toThrow(message)
  })

  test('of the largest size is taken', () => {
    expect(() => validateSecretSpec({ Name: 'a.b-c_d', Data: base64(511_999) })).not.toThrow()
  })
})

describe('a config', () => {
  const refused: [string, ConfigSpec, string][] = [
    ['without data', { Name: 'a' }, 'config data must be larger than 0 and less than 1024000 bytes'],
    ['of 1024000 bytes', { Name: 'a', Data: base64(1_024_000) }, 'less than 1024000 bytes'],
  ]
  test.each(refused)('%s is refused', (_story, spec, message) => {
    expect(() => validateConfigSpec(spec)).toThrow(message)
  })

  test('may be filled in for each task', () => {
    expect(() => validateConfigSpec({ Name: 'a', Data: DATA, Templating: { Name: 'golang' } })).not.toThrow()
  })
})

describe('references of a container', () => {
  const secret = (name: string, target: string): SecretReference => ({
    SecretID: `id-${name}`,
    SecretName: name,
    File: { Name: target },
  })
  const refused: [string, SecretReference[], string][] = [
    ['without an ID', [{ SecretName: 'a', File: { Name: 'a' } }], 'malformed secret reference'],
    ['without a target', [{ SecretID: '1', SecretName: 'a' }], 'no target provided'],
    ['with an empty target', [secret('a', '')], 'invalid target file name'],
    [
      'of two to one target',
      [secret('a', 'key'), secret('b', 'key')],
      "secret references 'a' and 'b' have a conflicting target: 'key'",
    ],
  ]
  test.each(refused)('%s are refused', (_story, references, message) => {
    expect(() => validateSecretReferences(references)).toThrow(message)
  })

  test('to one secret at two targets are taken', () => {
    expect(() => validateSecretReferences([secret('a', 'x'), secret('a', 'y')])).not.toThrow()
  })

  test('of a config for the runtime need no file', () => {
    const reference: ConfigReference = { ConfigID: '1', ConfigName: 'a', Runtime: {} }
    expect(() => validateConfigReferences([reference])).not.toThrow()
    expect(() => validateConfigReferences([{ ...reference, File: { Name: 'x' } }])).toThrow('both')
  })
})
