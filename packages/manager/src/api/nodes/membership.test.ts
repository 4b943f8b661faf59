import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { put, type NodeRecord } from '../../state/records.js'
import { aNode, createTestState } from '../../state/testing/index.js'
import { checkRemovable, checkRoleChange, type Managers } from './membership.js'

const LAST = 'attempting to demote the last manager of the swarm'
const MEMBER = 'It must be demoted to worker before removal'

const manager = (id: string, State: NodeRecord['Status']['State'] = 'ready'): NodeRecord =>
  aNode(id, { Spec: { Role: 'manager', Availability: 'active' }, Status: { State, Addr: '' } })
const worker = (id: string, State: NodeRecord['Status']['State'] = 'ready'): NodeRecord =>
  aNode(id, { Spec: { Role: 'worker', Availability: 'active' }, Status: { State, Addr: '' } })

/** @param reached the managers that are registered */
const scene = async (nodes: readonly NodeRecord[], reached: readonly string[], refusal?: string) => {
  const view = await createTestState(new VirtualClock(0))
  await view.commit(nodes.map((node) => put('node', node)))
  const managers: Managers = {
    isReached: ({ ID }) => reached.includes(ID),
    ...(refusal !== undefined && { refusal }),
  }
  const node = (id: string): NodeRecord => view.get('node', id) ?? expect.fail(`no node ${id}`)
  return {
    become: (id: string, Role: 'worker' | 'manager') => () =>
      checkRoleChange(view, node(id), { Role, Availability: 'active' }, managers),
    remove:
      (id: string, force = false) =>
      () =>
        checkRemovable(view, node(id), force, managers),
  }
}

describe('a change of role', () => {
  test('with a store that serves several, a worker may be promoted; with the embedded one it is told what to do', async () => {
    const nodes = [manager('m'), worker('w')]
    expect((await scene(nodes, ['m'])).become('w', 'manager')).not.toThrow()
    const refused = await scene(nodes, ['m'], 'move the cluster to etcd')
    expect(refused.become('w', 'manager')).toThrow('move the cluster to etcd')
    expect(refused.become('m', 'manager')).not.toThrow()
    expect(refused.become('w', 'worker')).not.toThrow()
  })

  test('a manager may be demoted while another one is there to lead', async () => {
    const { become } = await scene([manager('m'), manager('n'), manager('dead')], ['m', 'n'])
    expect(become('m', 'worker')).not.toThrow()
    expect(become('dead', 'worker')).not.toThrow()
  })

  test('the last manager stays one, and so does the last that is reached', async () => {
    expect((await scene([manager('m'), worker('w')], ['m'])).become('m', 'worker')).toThrow(LAST)
    const { become } = await scene([manager('m'), manager('dead')], ['m'])
    expect(become('m', 'worker')).toThrow(`${LAST}: no other is reached`)
    expect(become('dead', 'worker')).not.toThrow()
  })
})

describe('a node is removed', () => {
  test('when it is down, or by force', async () => {
    const { remove } = await scene([manager('m'), worker('up'), worker('down', 'down')], ['m'])
    expect(remove('up')).toThrow("node up is not down and can't be removed")
    expect(remove('up', true)).not.toThrow()
    expect(remove('down')).not.toThrow()
  })

  test('a manager has to be demoted first; by force goes one that is not there any more', async () => {
    const nodes = [manager('m'), manager('n'), manager('dead', 'down')]
    const { remove } = await scene(nodes, ['m', 'n'])
    expect(remove('n')).toThrow(MEMBER)
    expect(remove('n', true)).toThrow(MEMBER)
    expect(remove('dead')).toThrow(MEMBER)
    expect(remove('dead', true)).not.toThrow()
  })

  test('the last manager is not removed, even when nobody reaches it', async () => {
    expect((await scene([manager('m')], [])).remove('m', true)).toThrow(MEMBER)
  })
})
