import type { BackupRecord } from '@shoal/common/backup'
import { describe, expect, test } from 'vitest'
import { newNodeRecord } from '../ca/node-record.js'
import type { NodeRecord } from '../state/records.js'
import { NOT_HEARD_OF, restoredRecords } from './restored.js'

const NOW = Date.parse('2026-02-01T00:00:00Z')
const self = { nodeId: 'n1', address: '10.1.0.1', joinAddress: '10.1.0.1:2377' }
const cluster = { key: 'cluster', value: '{"ID":"c1"}' }

function node(id: string, role: 'manager' | 'worker', state: NodeRecord['Status']['State']): BackupRecord {
  const record = newNodeRecord({ id, role, address: `10.0.0.${id}`, nowMs: 0 })
  const value = {
    ...record,
    Spec: { ...record.Spec, Availability: 'drain', Labels: { zone: 'east' } },
    Status: { State: state, Addr: `10.0.0.${id}` },
    ...(role === 'manager' && { ManagerStatus: { Reachability: 'reachable', Addr: `10.0.0.${id}:2377` } }),
  }
  return { key: `nodes/${id}`, value: JSON.stringify(value) }
}
function nodesOf(records: readonly BackupRecord[]): Record<string, NodeRecord> {
  const nodes = restoredRecords(records, self, NOW).filter(({ key }) => key.startsWith('nodes/'))
  return Object.fromEntries(nodes.map(({ key, value }) => [key.slice(6), JSON.parse(value) as NodeRecord]))
}

describe('the records of a backup, brought back', () => {
  test('are what they were, whatever their kind', () => {
    const others = [cluster, { key: 'tasks/t', value: '{"a":1}' }, { key: 'of-tomorrow/x', value: 'no JSON' }]
    expect(restoredRecords(others, self, NOW).slice(0, 3)).toEqual(others)
  })

  test('given a host that is no node yet, then it becomes one, and the manager', () => {
    const { n1 } = nodesOf([cluster])
    expect(n1).toMatchObject({ ID: 'n1', Spec: { Role: 'manager', Availability: 'active' } })
    expect(n1).toMatchObject({
      Status: { State: 'unknown', Addr: '10.1.0.1' },
      ManagerStatus: { Addr: '10.1.0.1:2377' },
    })
    expect(n1).not.toHaveProperty('Version')
  })

  test('given a host that was a worker, then it stays that node, and becomes the manager', () => {
    const { n1 } = nodesOf([cluster, node('n1', 'worker', 'ready')])
    expect(n1).toMatchObject({
      Spec: { Role: 'manager', Availability: 'drain', Labels: { zone: 'east' } },
      Status: { State: 'unknown', Message: NOT_HEARD_OF, Addr: '10.1.0.1' },
      ManagerStatus: { Leader: true, Addr: '10.1.0.1:2377' },
    })
  })

  test('given other nodes, then those that were managers are workers, and none counts as ready or as down', () => {
    const nodes = nodesOf([
      cluster,
      node('2', 'manager', 'ready'),
      node('3', 'worker', 'ready'),
      node('4', 'worker', 'down'),
    ])
    const unknown = { State: 'unknown', Message: NOT_HEARD_OF }
    expect(nodes['2']).toMatchObject({ Spec: { Role: 'worker' }, Status: { ...unknown, Addr: '10.0.0.2' } })
    expect(nodes['2']).not.toHaveProperty('ManagerStatus')
    expect(nodes['3']).toMatchObject({ Spec: { Role: 'worker', Availability: 'drain' }, Status: unknown })
    expect(nodes['4']).toMatchObject({ Status: { State: 'down' } })
    expect(Object.values(nodes).filter(({ Spec }) => Spec.Role === 'manager')).toHaveLength(1)
  })

  test('given no record of a cluster, then it is refused', () => {
    expect(() => restoredRecords([node('2', 'worker', 'ready')], self, NOW)).toThrow('holds no cluster')
  })
})
