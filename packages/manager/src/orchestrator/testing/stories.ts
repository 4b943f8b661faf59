/** How stories about the orchestrator begin, and the rules that hold throughout them. */
import { isBefore, isTerminal } from '@shoal/common'
import type { ServiceMode, UpdateConfig } from '@shoal/engine-api'
import type { TaskRecord } from '../../state/records.js'
import { World } from './world.js'

/** In nanoseconds, as Docker's documents have it. */
export const SECOND = 1_000_000_000

export function replicas(count: number): { Mode: ServiceMode } {
  return { Mode: { Replicated: { Replicas: count } } }
}

/** A world in which so many tasks of `app:1` run. */
export async function running(count: number, UpdateConfig?: UpdateConfig): Promise<World> {
  const world = await World.create()
  await world.deploy('app:1', { ...replicas(count), ...(UpdateConfig && { UpdateConfig }) })
  await world.until(() => world.running('app:1').length === count)
  return world
}

export function idsOf(tasks: readonly TaskRecord[]): string[] {
  return tasks.map((task) => task.ID).toSorted()
}

export function neverMoreInMotionThan(world: World, image: string, most: number): void {
  world.rules.push(() => demand(inMotion(world, image) <= most, world, `more than ${most} in motion`))
}

export function neverFewerRunningThan(world: World, fewest: number): void {
  world.rules.push(() => demand(world.running().length >= fewest, world, `fewer than ${fewest} running`))
}

/** @throws Error that shows the world, when something does not hold that should */
export function demand(holds: boolean, world: World, otherwise: string): void {
  if (!holds) throw new Error(`${otherwise}: ${world.describe()}`)
}

/** How many slots have a task of the image that does not run yet, or one that is being stopped. */
function inMotion(world: World, image: string): number {
  const moving = new Set<number | string | undefined>()
  for (const task of world.tasks()) {
    const isNew = world.imageOf(task) === image && isBefore(task.Status.State, 'running')
    const isLeaving = task.DesiredState === 'shutdown' && !isTerminal(task.Status.State)
    if (isNew || isLeaving) moving.add(task.Slot ?? task.NodeID)
  }
  return moving.size
}
