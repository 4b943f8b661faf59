import { describe, expect, test } from 'vitest'
import { describeHost } from './describe.js'
import { parseGenericResources } from './generic-resources.js'

test('a host is described as Docker describes a node', () => {
  const info = {
    hostname: 'alpha',
    architecture: 'x86_64',
    os: 'linux',
    cpus: 2,
    memoryBytes: 1024,
    engineVersion: '20.10.24',
    labels: { disk: 'ssd' },
    plugins: [
      { Type: 'Volume', Name: 'local' },
      { Type: 'Log', Name: 'syslog' },
      { Type: 'Log', Name: 'json-file' },
    ],
  }
  expect(describeHost(info, parseGenericResources(['ssd=4']))).toEqual({
    Hostname: 'alpha',
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: {
      NanoCPUs: 2_000_000_000,
      MemoryBytes: 1024,
      GenericResources: [{ DiscreteResourceSpec: { Kind: 'ssd', Value: 4 } }],
    },
    Engine: {
      EngineVersion: '20.10.24',
      Labels: { disk: 'ssd' },
      Plugins: [
        { Type: 'Log', Name: 'json-file' },
        { Type: 'Log', Name: 'syslog' },
        { Type: 'Volume', Name: 'local' },
      ],
    },
  })
})

describe('generic resources', () => {
  test('are amounts, or sets of names', () => {
    expect(parseGenericResources(['gpu=UUID1', 'gpu=UUID2,ssd=4'])).toEqual([
      { NamedResourceSpec: { Kind: 'gpu', Value: 'UUID1' } },
      { NamedResourceSpec: { Kind: 'gpu', Value: 'UUID2' } },
      { DiscreteResourceSpec: { Kind: 'ssd', Value: 4 } },
    ])
  })

  test.each([
    [['gpu'], 'malformed expression'],
    [['gpu='], 'malformed expression'],
    [['ssd=-1'], 'negative'],
    [['gpu=UUID1', 'gpu=4'], 'mixed discrete and named'],
    [['ssd=1', 'ssd=2'], 'duplicate resource ssd'],
  ])('%j is refused', (expressions, why) => {
    expect(() => parseGenericResources(expressions)).toThrow(why)
  })
})
