import { describe, expect, test } from 'vitest'
import type { ServiceSpec } from '../documents/index.js'
import { validateServiceSpec } from '../validation/index.js'
import { matchesConstraints, parseAffinities, parseConstraints } from './index.js'

const db: { ID: string; Spec: ServiceSpec } = {
  ID: 'abc123',
  Spec: {
    Name: 'db',
    Labels: { tier: 'back' },
    TaskTemplate: { ContainerSpec: { Image: 'hub:5000/postgres:16@sha256:0123', Labels: { kind: 'Store' } } },
  },
}

describe('affinities among constraints', () => {
  test.each([
    ['affinity:service==db', true],
    ['affinity:service == DB', true],
    ['affinity:service==/^d/', true],
    ['affinity:service==d', false],
    ['affinity:service!=abc123', true],
    ['affinity:image==hub:5000/postgres:16', true],
    ['affinity:image==hub:5000/postgres', true],
    ['affinity:image==hub:5000/postgres:15', false],
    ['affinity:image==/postgres/', true],
    ['affinity:tier==back', true],
    ['affinity:kind==~store', true],
    ['affinity:kind==/^S/', true],
    ['affinity:tier==front', false],
    ['affinity:missing==/.*/', false],
    ['affinity:container==db.1', false],
  ])('%s means the service: %s', (text, expected) => {
    const [affinity] = parseAffinities(['node.role==worker', text])
    expect(affinity?.isMeant(db)).toBe(expected)
  })

  test('are no constraints on nodes', () => {
    expect(parseConstraints(['affinity:service==db'])).toEqual([])
    expect(parseAffinities(['node.labels.affinity==x'])).toEqual([])
    const node = { ID: 'n', Spec: {}, Status: { State: 'ready', Addr: '' } } as never
    expect(matchesConstraints(parseConstraints(['affinity:service==db']), node)).toBe(true)
  })

  test('say what they ask for', () => {
    expect(parseAffinities([' affinity:container!=~web.1'])).toMatchObject([
      { operator: '!=', isSoft: true, container: 'web.1' },
    ])
  })

  const shop = (...Constraints: string[]): ServiceSpec => ({
    Name: 'shop',
    Labels: { tier: 'front' },
    TaskTemplate: { ContainerSpec: { Image: 'shop:1' }, Placement: { Constraints } },
  })

  test.each([
    ['affinity:', 'constraint expected one operator from ==, !='],
    ['affinity:==db', "key '' is invalid"],
    ['affinity:service==', "value '' is invalid"],
    ['affinity:service==/(/', "value '/(/' is invalid: missing closing )"],
    ['affinity:container==/web/', 'an affinity to a container takes no regular expression'],
    ['affinity:service==shop', 'affinity:service==shop: the service itself is meant'],
    ['affinity:image==shop', 'the service itself is meant, and its first task would wait for it: use ==~'],
    ['affinity:tier==/fr/', 'the service itself is meant'],
  ])('%s is refused', (text, message) => {
    expect(() => validateServiceSpec(shop(text))).toThrow(message)
  })

  test.each(['affinity:service==~shop', 'affinity:service!=shop', 'affinity:service==shopping'])(
    '%s is not',
    (text) => expect(() => validateServiceSpec(shop(text))).not.toThrow(),
  )
})

test.each([
  ['redis', 'redis:latest'],
  ['redis:latest', 'redis'],
  ['localhost:5000/redis', 'localhost:5000/redis:latest'],
  ['redis@sha256:01', 'redis'],
])('%s is meant by %s', (Image, name) => {
  const [affinity] = parseAffinities([`affinity:image==${name}`])
  expect(affinity?.isMeant({ Spec: { Name: 'x', TaskTemplate: { ContainerSpec: { Image } } } })).toBe(true)
})
