import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { ServiceSpec } from '../documents/index.js'
import { InvalidDocument } from '../invalid-document.js'
import { parseBody, readNodeSpec, readServiceSpec, readSwarmSpec } from './index.js'

describe('a document is read as Go reads it', () => {
  test.each([
    [
      'keys match whatever their case',
      { name: 'web', TASKTEMPLATE: { containerspec: { IMAGE: 'x' } } },
      { Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'x' } } },
    ],
    [
      'null is absent',
      { Name: 'web', Labels: null, TaskTemplate: { Networks: null } },
      { Name: 'web', TaskTemplate: {} },
    ],
    [
      'unknown fields are skipped',
      { Name: 'web', Mood: 'fine', Mode: { Global: { Why: 1 } } },
      { Name: 'web', Mode: { Global: {} } },
    ],
    ['the keys of maps are the user’s', { Labels: { A: '1', a: '2' } }, { Labels: { A: '1', a: '2' } }],
    [
      'null in a list is the empty text',
      { TaskTemplate: { ContainerSpec: { Env: [null] } } },
      { TaskTemplate: { ContainerSpec: { Env: [''] } } },
    ],
    ['null as a whole is empty', null, {}],
  ])('%s', (_what, json, expected) => {
    expect(readServiceSpec(json)).toEqual(expected)
  })

  test('a key like __proto__ is a key', () => {
    const spec = readServiceSpec(JSON.parse('{"Labels":{"__proto__":"x"}}'))
    expect(Object.entries(spec.Labels ?? {})).toEqual([['__proto__', 'x']])
  })

  test('what a resource leaves out is zero', () => {
    const json = {
      TaskTemplate: {
        Resources: { Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'gpu' } }] } },
      },
    }
    const read = readServiceSpec(json).TaskTemplate?.Resources?.Reservations?.GenericResources
    expect(read).toEqual([{ DiscreteResourceSpec: { Kind: 'gpu', Value: 0 } }])
  })
})

describe('wrong types are refused in Go’s words', () => {
  const field = 'Go struct field ServiceSpec'
  test.each([
    [{ Name: 5 }, `json: cannot unmarshal number into ${field}.Name of type string`],
    [
      { Mode: { Replicated: { Replicas: -1 } } },
      `json: cannot unmarshal number -1 into ${field}.Mode.Replicated.Replicas of type uint64`,
    ],
    [
      { Mode: { Replicated: { Replicas: '3' } } },
      `json: cannot unmarshal string into ${field}.Mode.Replicated.Replicas of type uint64`,
    ],
    [
      { Mode: { Replicated: { Replicas: 1.5 } } },
      `json: cannot unmarshal number 1.5 into ${field}.Mode.Replicated.Replicas of type uint64`,
    ],
    [{ Mode: [] }, `json: cannot unmarshal array into ${field}.Mode of type struct`],
    [{ Labels: { a: 1 } }, `json: cannot unmarshal number into ${field}.Labels.a of type string`],
    [
      { TaskTemplate: { ContainerSpec: { Args: 'x' } } },
      `json: cannot unmarshal string into ${field}.TaskTemplate.ContainerSpec.Args of type []string`,
    ],
    [
      { TaskTemplate: { ContainerSpec: { TTY: 'yes' } } },
      `json: cannot unmarshal string into ${field}.TaskTemplate.ContainerSpec.TTY of type bool`,
    ],
    [
      { TaskTemplate: { ContainerSpec: { Isolation: 'strange' } } },
      'invalid ServiceSpec.TaskTemplate.ContainerSpec.Isolation: "strange"',
    ],
    [
      { UpdateConfig: { MaxFailureRatio: 'half' } },
      `json: cannot unmarshal string into ${field}.UpdateConfig.MaxFailureRatio of type float64`,
    ],
  ])('%j', (json, message) => {
    expect(() => readServiceSpec(json)).toThrow(new InvalidDocument(message))
  })

  test('in other documents too', () => {
    expect(() => readNodeSpec({ Role: 1 })).toThrow('NodeSpec.Role')
    expect(() => readSwarmSpec({ Raft: { SnapshotInterval: -1 } })).toThrow('Spec.Raft.SnapshotInterval')
  })
})

test('whatever is accepted satisfies the schema, and reading it again changes nothing', () => {
  const accepts = Compile(ServiceSpec)
  const word = fc.constantFrom(
    'name',
    'Labels',
    'TaskTemplate',
    'ContainerSpec',
    'Mode',
    'Replicated',
    'Replicas',
    'Resources',
    'Limits',
    'NanoCPUs',
    'Env',
    'x',
  )
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { maxDepth: 6 },
      tie('leaf'),
      fc.dictionary(word, tie('document')),
      fc.array(tie('document'), { maxLength: 3 }),
    ),
    leaf: fc.oneof(fc.constant(null), fc.string(), fc.integer(), fc.double(), fc.boolean()),
  }))
  const holds = fc.property(document, (json) => {
    const spec = readIfAccepted(json)
    return spec === undefined || (accepts.Check(spec) && isDeepStrictEqual(readServiceSpec(spec), spec))
  })
  expect(() => fc.assert(holds)).not.toThrow()
})

function readIfAccepted(json: unknown): ServiceSpec | undefined {
  try {
    return readServiceSpec(json)
  } catch (error) {
    if (error instanceof InvalidDocument) return undefined
    throw error
  }
}

describe('a body', () => {
  test.each([
    ['', {}],
    [' \n', {}],
    ['{"a":1}', { a: 1 }],
    ['null', null],
  ])('%j is read', (text, expected) => {
    expect(parseBody(text)).toEqual(expected)
  })
  test.each([
    ['{', 'invalid JSON: unexpected EOF'],
    ['{"a":', 'invalid JSON: unexpected EOF'],
    ['{"a": "b', 'invalid JSON: unexpected EOF'],
    ['name=web', "invalid JSON: invalid character 'a' looking for beginning of value"],
    ['hello', "invalid JSON: invalid character 'h' looking for beginning of value"],
    ['{} {}', 'unexpected content after JSON'],
  ])('%j is refused', (text, message) => {
    expect(() => parseBody(text)).toThrow(new InvalidDocument(message))
  })
})
