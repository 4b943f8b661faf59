import { ConfigSpec, NodeSpec, SecretSpec, ServiceSpec, SwarmSpec } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { checkAnswer, definitionsAsDocker, type Schema, specification } from '../schema/index.js'

const HEADERS = {
  'api-version': '1.47',
  ostype: 'linux',
  'docker-experimental': 'false',
  server: 'Docker/1 (linux)',
  'content-type': 'application/json',
}
const answered = (status: number, document: unknown, headers: object = {}) => ({
  status,
  headers: { ...HEADERS, ...headers },
  text: JSON.stringify(document),
})

describe('an answer', () => {
  test('that is as described passes', () => {
    const good = [
      ['GET', '/v1.41/secrets?filters=x', answered(200, [{ ID: 'a', Spec: { Name: 'b' } }])],
      ['POST', '/services/create', answered(201, { ID: 'a', Warnings: null })],
      ['GET', '/services/x', answered(404, { message: 'service x not found' })],
    ] as const
    for (const [method, path, answer] of good) expect(() => checkAnswer(method, path, answer)).not.toThrow()
  })

  test.each([
    ['a field of the wrong type', 200, [{ ID: 7 }], /\/0\/ID must be string/],
    ['a word that is none', 200, [{ DesiredState: 'walking' }], /\/0\/DesiredState must be equal to one of/],
    ['a field that nobody reads', 200, [{ Shoal: {} }], /unevaluated properties \("Shoal"\)/],
    ['another one, deeper', 200, [{ Status: { Zeit: '' } }], /\/0\/Status .* \("Zeit"\)/],
    ['no list', 200, null, /must be array/],
    ['a number that does not fit', 200, [{ Version: { Index: -1 } }], /must match format "uint64"/],
    ['a time that Go does not read', 200, [{ CreatedAt: 'today' }], /must match format "dateTime"/],
    ['a status of another operation', 201, [], /status 201/],
    ['an error without its message', 404, {}, /must have required property 'message'/],
  ])('with %s is told of', (_what, status, document, message) => {
    expect(() => checkAnswer('GET', '/tasks', answered(status, document))).toThrow(message)
  })

  test('needs the frame of every answer', () => {
    expect(() => checkAnswer('GET', '/tasks', answered(200, [], { ostype: 'plan9' }))).toThrow(
      /header ostype/,
    )
    const charset = { 'content-type': 'application/json; charset=utf-8' }
    expect(() => checkAnswer('GET', '/tasks', answered(200, [], charset))).toThrow(/content-type/)
  })
})

/** What a TypeBox schema tells of its fields. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
}

describe('what is read and stored', () => {
  const definitions = definitionsAsDocker(specification().definitions)

  const target = (schema: Schema): Schema => {
    if (schema.$ref !== undefined) return target(definitions[schema.$ref.replace('#/definitions/', '')] ?? {})
    return schema.items ? target(schema.items) : schema
  }
  const fieldsOf = (schema: Schema): Readonly<Record<string, Schema>> => {
    const { allOf = [], properties = {} } = target(schema)
    return Object.assign({}, ...allOf.map(fieldsOf), properties) as Record<string, Schema>
  }
  const unknownFields = (ours: Shape, theirs: Schema, path: string): string[] => {
    if (ours.items) return unknownFields(ours.items, theirs, path)
    const known = fieldsOf(theirs)
    return Object.entries(ours.properties ?? {}).flatMap(([name, field]) => {
      const described = known[name]
      return described ? unknownFields(field, described, `${path}.${name}`) : [`${path}.${name}`]
    })
  }

  test.each(Object.entries({ ServiceSpec, NodeSpec, SwarmSpec, SecretSpec, ConfigSpec }))(
    '%s has no field that Docker has not',
    (name, ours) => {
      expect(unknownFields(ours as Shape, { $ref: `#/definitions/${name}` }, name)).toEqual([])
    },
  )
})
