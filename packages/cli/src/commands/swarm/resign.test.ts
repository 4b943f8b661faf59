import { ShoalError } from '@shoal/common/errors'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { Node, NodeRole } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { resignAsManager, whyNotWithoutForce } from './resign.js'

const node = (ID: string, Role: NodeRole): Node => ({
  ID,
  Version: { Index: 7 },
  CreatedAt: '',
  UpdatedAt: '',
  Spec: { Role, Availability: 'active', Labels: { zone: 'east' } },
  Description: { Hostname: ID, Platform: {}, Resources: {}, Engine: { EngineVersion: '' } },
  Status: { State: 'ready', Addr: '' },
})

/** A manager whose host is the node m; each update fails with the next of `failures`. */
function aManager(...failures: string[]) {
  const updates: unknown[] = []
  return {
    updates,
    info: async () => ({ Swarm: { NodeID: 'm' } }),
    node: async (id: string) => node(id, 'manager'),
    updateNode: async (_node: Node, spec: unknown) => {
      updates.push(spec)
      const failure = failures.shift()
      if (failure !== undefined) throw new ShoalError('failed-precondition', failure)
    },
  }
}

describe('a manager that leaves', () => {
  test('asks to be demoted, and keeps the rest of its spec', async () => {
    const manager = aManager()
    expect(await resignAsManager(manager, new VirtualClock())).toEqual({ kind: 'demoted' })
    expect(manager.updates).toEqual([{ Role: 'worker', Availability: 'active', Labels: { zone: 'east' } }])
  })

  test('asks again when its record has changed meanwhile, or there is no primary just then', async () => {
    const manager = aManager('update out of sequence', 'there is no primary manager at present')
    const clock = new VirtualClock()
    const farewell = resignAsManager(manager, clock)
    await clock.advanceAsync(1_000)
    expect(await farewell).toEqual({ kind: 'demoted' })
    expect(manager.updates).toHaveLength(3)
  })

  test('knows at once that it is the last one', async () => {
    const manager = aManager('attempting to demote the last manager of the swarm')
    expect(await resignAsManager(manager, new VirtualClock())).toEqual({ kind: 'last' })
  })

  test('gives up when nobody takes note', async () => {
    const manager = { ...aManager(), info: () => Promise.reject(new ShoalError('unavailable', 'not there')) }
    const clock = new VirtualClock()
    const farewell = resignAsManager(manager, clock)
    await clock.advanceAsync(60_000)
    expect(await farewell).toEqual({ kind: 'untold', reason: 'not there' })
  })

  test('is told what leaving means before it is forced', async () => {
    const nodes = (...all: Node[]) => ({ nodes: async () => all })
    expect(await whyNotWithoutForce(nodes(node('m', 'manager'), node('n', 'manager')))).toMatch(
      /participating as a manager. Another manager takes over. Use `--force`/,
    )
    expect(await whyNotWithoutForce(nodes(node('m', 'manager'), node('w', 'worker')))).toMatch(
      /Removing the last manager erases all current state of the swarm/,
    )
  })
})
