import { type Clock, sleep } from '@shoal/common'
import type { ManagerDirectory, ManagerInfo } from '../leader/index.js'
import type { Role } from '../role.js'

/** What tells who leads. */
export interface Election {
  readonly managerId: string
  readonly role: Role
  readonly directory: Pick<ManagerDirectory, 'leader' | 'onChange'>
  readonly clock: Clock
}

/** How often a primary that is not there any more is asked again while no other has taken its place, in milliseconds. */
const LOOK_AGAIN_MS = 100

/** Who is to answer a request: this manager itself, or another one, the primary. */
export type Route = { readonly type: 'ours' } | { readonly type: 'primary'; readonly leader: ManagerInfo }

/**
 * Waits until there is somebody to answer a request.
 * @param isPassedOn another manager took this one for the primary: it is this one or nobody
 * @returns undefined when there is nobody by the time that `signal` aborts
 */
export async function untilRouted(
  election: Election,
  isPassedOn: boolean,
  signal: AbortSignal,
): Promise<Route | undefined> {
  for (;;) {
    const route = routeNow(election, isPassedOn)
    if (route || signal.aborted || (isPassedOn && election.role.isOver)) return route
    await untilChanged(election, signal)
  }
}

function routeNow({ role, directory, managerId }: Election, isPassedOn: boolean): Route | undefined {
  if (role.primary) return { type: 'ours' }
  const leader = isPassedOn ? undefined : directory.leader()
  // Its own key may be there before the term has begun.
  return leader && leader.managerId !== managerId ? { type: 'primary', leader } : undefined
}

/** Waits until the election may have come to something else: for a moment only, since a killed process may be back. */
export async function untilChanged({ role, directory, clock }: Election, signal: AbortSignal): Promise<void> {
  const changed = new AbortController()
  const wake = (): void => changed.abort()
  const ends = [role.onChange(wake), directory.onChange(wake)]
  await sleep(clock, LOOK_AGAIN_MS, AbortSignal.any([signal, changed.signal]))
  for (const end of ends) end()
}
