import type { ContainerEvent } from './lab-host.js'

/** The least number of containers that ran at once, after `enough` of them had run for the first time. */
export function leastRunning(all: readonly ContainerEvent[], enough: number): number {
  let running = 0
  let least = Infinity
  for (const { kind } of all) {
    running += kind === 'start' ? 1 : -1
    if (running >= enough || least < Infinity) least = Math.min(least, running)
  }
  return least
}

/** The slots of which two containers ran at one moment. */
export function slotsRunningTwice(all: readonly ContainerEvent[]): string[] {
  const running = new Map<string, Set<string>>()
  const twice = new Set<string>()
  for (const { kind, containerId, slotName } of all) {
    const containers = running.get(slotName) ?? new Set()
    running.set(slotName, containers)
    if (kind === 'start') containers.add(containerId)
    else containers.delete(containerId)
    if (containers.size > 1) twice.add(slotName)
  }
  return [...twice]
}
