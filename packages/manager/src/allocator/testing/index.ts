/** Helpers for tests of the allocator. No part of the product imports it. */
import { seededRandom, silentLogger, type Clock } from '@shoal/common'
import { parseCidr, parseIpv4 } from '@shoal/engine-api'
import type { KeyedReconciler } from '../../loops/keyed-loop.js'
import type { LiveState } from '../../state/index.js'
import type { StateView } from '../../state/view.js'
import { AddressBook } from '../book.js'
import { holdingsOfGateway, holdingsOfService, holdingsOfTask } from '../holdings.js'
import { createAllocator } from '../loop.js'

export interface TestAllocator {
  readonly book: AddressBook
  readonly allocator: KeyedReconciler
  /** Reconciles every key until there is nothing to do, as far as commits succeed. */
  settle(): Promise<void>
}

/** @param signal ends its following of the state; without one it never ends */
export function anAllocator(state: LiveState, clock: Clock, signal?: AbortSignal): TestAllocator {
  const book = new AddressBook({ state, clock }).follow(signal ?? new AbortController().signal)
  const allocator = createAllocator({ state, book, clock, random: seededRandom(1), log: silentLogger })
  return {
    book,
    allocator,
    async settle() {
      for (let round = 0; round < 2; round++) {
        const keys = [...allocator.allKeys()]
        for (const key of keys) await allocator.reconcile(key)
      }
    },
  }
}

/** Every address that a record has, as `network/address`, with its holder; twice when it was given twice. */
export function givenAddresses(view: StateView): { at: string; holder: string }[] {
  const given: { at: string; holder: string }[] = []
  const note = (holder: string, held: { networkId: string; address: number }[]): void => {
    for (const { networkId, address } of held) given.push({ at: `${networkId}/${address}`, holder })
  }
  for (const task of view.all('task')) note(`task ${task.ID}`, holdingsOfTask(task))
  for (const service of view.all('service')) note(`service ${service.ID}`, holdingsOfService(service))
  for (const gateway of view.all('gateway')) note(`gateway ${gateway.ID}`, holdingsOfGateway(gateway))
  for (const { ID, Spec } of view.all('network')) {
    const { Subnet = '', Gateway = '' } = Spec.IPAM.Config[0] ?? {}
    const subnet = parseCidr(Subnet)?.subnet
    for (const address of [parseIpv4(Gateway), subnet?.first, subnet?.last]) {
      given.push({ at: `${ID}/${address}`, holder: `network ${ID}` })
    }
  }
  return given
}
