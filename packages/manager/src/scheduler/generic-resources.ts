import type { GenericResource } from '@shoal/engine-api'

interface Offer {
  /** What is offered as an amount; named resources are offered by their names. */
  amount: number
  names: Set<string>
}

interface Use {
  amount: number
  /** How many tasks hold the name: two, while a task waits, prepared, for the end of the one it replaces. */
  names: Map<string, number>
}

/** What nearly every task gets. */
const NONE: readonly GenericResource[] = []

/** The user-defined resources of one node: what it offers, and what its tasks hold. */
export class GenericPool {
  /** Most nodes have neither: made when they are needed. */
  #offers: Map<string, Offer> | undefined
  #uses: Map<string, Use> | undefined

  /** Replaces what the node offers; what is held stays held. */
  offer(resources: readonly GenericResource[]): void {
    this.#offers?.clear()
    for (const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } of resources) {
      if (named) this.#offerOf(named.Kind).names.add(named.Value)
      if (discrete) this.#offerOf(discrete.Kind).amount += discrete.Value
    }
  }

  hold(resources: readonly GenericResource[]): void {
    this.#count(resources, 1)
  }

  release(resources: readonly GenericResource[]): void {
    this.#count(resources, -1)
  }

  /** How much of a kind the node offers, held or free. */
  total(kind: string): number {
    const offer = this.#offers?.get(kind)
    return offer === undefined ? 0 : offer.names.size || offer.amount
  }

  /** @param lent held by a task whose place is taken: counts as free */
  free(kind: string, lent: readonly GenericResource[] = []): number {
    const offer = this.#offers?.get(kind)
    if (offer === undefined) return 0
    if (offer.names.size > 0) return this.#freeNames(kind, lent).length
    let free = offer.amount - (this.#uses?.get(kind)?.amount ?? 0)
    for (const { DiscreteResourceSpec: discrete } of lent) if (discrete?.Kind === kind) free += discrete.Value
    return free
  }

  /** Chooses what a task gets: names, where the node offers names. The caller has checked that there is enough. */
  choose(
    demands: readonly { readonly kind: string; readonly amount: number }[],
    lent: readonly GenericResource[] = [],
  ): readonly GenericResource[] {
    if (demands.length === 0) return NONE
    return demands.flatMap(({ kind, amount }): GenericResource[] => {
      if ((this.#offers?.get(kind)?.names.size ?? 0) === 0) {
        return [{ DiscreteResourceSpec: { Kind: kind, Value: amount } }]
      }
      const names = this.#freeNames(kind, lent).slice(0, amount)
      return names.map((name) => ({ NamedResourceSpec: { Kind: kind, Value: name } }))
    })
  }

  #freeNames(kind: string, lent: readonly GenericResource[]): string[] {
    const held = this.#uses?.get(kind)?.names
    const names = [...(this.#offers?.get(kind)?.names ?? [])]
    if (held === undefined) return names
    return names.filter((name) => {
      const own = lent.some(({ NamedResourceSpec: named }) => named?.Kind === kind && named.Value === name)
      return (held.get(name) ?? 0) <= (own ? 1 : 0)
    })
  }

  #count(resources: readonly GenericResource[], by: 1 | -1): void {
    for (const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } of resources) {
      if (discrete) this.#useOf(discrete.Kind).amount += by * discrete.Value
      if (!named) continue
      const { names } = this.#useOf(named.Kind)
      const count = (names.get(named.Value) ?? 0) + by
      if (count > 0) names.set(named.Value, count)
      else names.delete(named.Value)
    }
  }

  #offerOf(kind: string): Offer {
    this.#offers ??= new Map()
    const offer = this.#offers.get(kind) ?? { amount: 0, names: new Set() }
    this.#offers.set(kind, offer)
    return offer
  }

  #useOf(kind: string): Use {
    this.#uses ??= new Map()
    const use = this.#uses.get(kind) ?? { amount: 0, names: new Map() }
    this.#uses.set(kind, use)
    return use
  }
}
