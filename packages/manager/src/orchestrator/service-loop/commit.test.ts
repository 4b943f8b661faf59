import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { put } from '../../state/index.js'
import { aTask, createTestState, storeRecord } from '../../state/testing/index.js'
import { stop } from '../actions.js'
import { commitService } from './commit.js'

test('when a slot could not be given up nothing else is done: another one may be chosen to go', async () => {
  const state = await createTestState(new VirtualClock())
  const surplus = await storeRecord(state, 'task', aTask('surplus', { Slot: 2 }))
  const kept = await storeRecord(state, 'task', aTask('kept'))
  // Somebody else is quicker.
  await state.commit([put('task', { ...surplus, Labels: { changed: 'yes' } })])

  const plan = { release: [[stop(surplus)]], units: [[stop(kept)]] }
  await expect(commitService(state, plan, 0)).rejects.toMatchObject({ code: 'conflict' })
  expect(state.get('task', 'kept')).toEqual(kept)
})
