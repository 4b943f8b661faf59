import { expect, test } from 'vitest'
import type { OwnContainer } from '../executor/port.js'
import { superfluous } from './retention.js'

const container = (
  task: string,
  slot: number,
  phase: OwnContainer['phase'],
  createdAtSeconds: number,
): OwnContainer => ({
  id: `c-${task}`,
  taskId: task,
  serviceId: 'web',
  taskName: `web.${slot}.${task}`,
  phase,
  health: 'none',
  createdAtSeconds,
})

const CONTAINERS = [
  container('old', 1, 'ended', 10),
  container('newer', 1, 'ended', 20),
  container('now', 1, 'running', 30),
  container('other', 2, 'ended', 10),
  container('orphan', 3, 'running', 40),
  container('unused', 3, 'created', 40),
]
const goes = (taskIds: string[], serviceIds: string[]): string[] =>
  superfluous(CONTAINERS, { taskIds: new Set(taskIds), serviceIds: new Set(serviceIds) }).map(
    ({ taskId }) => taskId,
  )

test('of each slot the newest ended container stays; what runs or never ran for nobody goes', () => {
  expect(goes(['now'], ['web'])).toEqual(['old', 'orphan', 'unused'])
})

test('of a service that has no task here any more nothing stays', () => {
  expect(goes([], [])).toEqual(['old', 'newer', 'now', 'other', 'orphan', 'unused'])
})

test('what is assigned stays, whatever its state', () => {
  expect(goes(['old', 'now', 'orphan'], ['web'])).toEqual(['unused'])
})
