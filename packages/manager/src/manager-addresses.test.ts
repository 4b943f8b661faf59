import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { managerAddresses } from './manager-addresses.js'
import { put } from './state/index.js'
import { aNode, createTestState } from './state/testing/index.js'

function aManager(id: string, Addr: string) {
  const node = aNode(id)
  return put('node', { ...node, Spec: { ...node.Spec, Role: 'manager' }, Status: { ...node.Status, Addr } })
}

test('agents are told of managers that are silent, too, behind those that are alive', async () => {
  const state = await createTestState(new VirtualClock())
  await state.commit([aManager('m1', '10.0.0.1'), aManager('m2', '10.0.0.2'), aManager('m3', '')])
  await state.commit([put('node', aNode('worker'))])
  const alive = [{ managerId: 'm2', address: '10.0.0.2:2377', apiAddress: '' }]

  expect(managerAddresses(state, { managers: () => alive })).toEqual(['10.0.0.2:2377', '10.0.0.1:2377'])
  expect(managerAddresses(state, { managers: () => [] })).toEqual(['10.0.0.1:2377', '10.0.0.2:2377'])
})

test('the address that a founder has told counts, with its port', async () => {
  const state = await createTestState(new VirtualClock())
  const node = aNode('m1')
  const ManagerStatus = { Leader: true, Reachability: 'reachable', Addr: '10.0.0.1:9377' } as const
  await state.commit([put('node', { ...node, Spec: { ...node.Spec, Role: 'manager' }, ManagerStatus })])
  expect(managerAddresses(state, { managers: () => [] })).toEqual(['10.0.0.1:9377'])
})
