import { describe, expect, test } from 'vitest'
import { aNode, aService } from '../../state/testing/index.js'
import { happeningOf } from './event.js'

const web = aService('web')
const node = aNode('n1')

describe('a service', () => {
  test('is created, and removed', () => {
    const Actor = { ID: 'web', Attributes: { name: 'web' } }
    expect(happeningOf({ kind: 'service', after: web })).toEqual({ Type: 'service', Action: 'create', Actor })
    expect(happeningOf({ kind: 'service', before: web })).toEqual({
      Type: 'service',
      Action: 'remove',
      Actor,
    })
  })

  test('is updated: what matters is told before and after', () => {
    const after = aService('web', {
      Spec: {
        Name: 'web',
        Mode: { Replicated: { Replicas: 3 } },
        TaskTemplate: { ContainerSpec: { Image: 'web:2' } },
      },
      UpdateStatus: { State: 'updating', Message: '' },
    })
    expect(happeningOf({ kind: 'service', before: web, after })?.Actor.Attributes).toEqual({
      name: 'web',
      'image.new': 'web:2',
      'replicas.old': '1',
      'replicas.new': '3',
      'updatestate.new': 'updating',
    })
  })

  test('what the orchestrator notes for itself is not told', () => {
    const after = { ...web, Shoal: { ...web.Shoal, PreviousSpecVersion: 1 } }
    expect(happeningOf({ kind: 'service', before: web, after })).toBeUndefined()
  })

  test('a change of a label is an update', () => {
    const after = { ...web, Spec: { ...web.Spec, Labels: { a: '1' } } }
    expect(happeningOf({ kind: 'service', before: web, after })).toMatchObject({ Action: 'update' })
  })
})

describe('a node', () => {
  test('goes down, and is drained', () => {
    const down = aNode('n1', { Status: { State: 'down', Addr: '127.0.0.1' } })
    expect(happeningOf({ kind: 'node', before: node, after: down })?.Actor).toEqual({
      ID: 'n1',
      Attributes: { name: 'n1', 'state.old': 'ready', 'state.new': 'down' },
    })
    const drained = aNode('n1', { Spec: { ...node.Spec, Availability: 'drain' } })
    expect(happeningOf({ kind: 'node', before: node, after: drained })?.Actor.Attributes).toEqual({
      name: 'n1',
      'availability.old': 'active',
      'availability.new': 'drain',
    })
  })
})
