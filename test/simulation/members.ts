import { newNodeRecord } from '@shoal/manager/ca/node-record'
import { put, remove } from '@shoal/manager/state/records'
import type { Api } from './api.js'
import type { SimHost } from './host.js'
import type { World } from './world.js'

/** Who got no answer to a join asks again after so long, in milliseconds. */
const JOIN_AGAIN_MS = 10_000

/** Operators who take hosts out of the cluster and bring them back, each time as another node. */
export class Members {
  readonly #world: World
  readonly #api: Api
  #admitted = 0

  constructor(world: World, api: Api) {
    this.#world = world
    this.#api = api
  }

  /** A host leaves, and comes back later as another node; what it was is removed, unless that is forgotten. */
  leave(host: SimHost): void {
    const { clock, dice } = this.#world
    const { nodeId } = host
    host.leave(() => {
      if (dice.chance(0.8)) clock.setTimer(dice.between(100, 20_000), () => this.removeNode(nodeId, false))
      clock.setTimer(dice.between(500, 20_000), () => this.#join(host))
    })
  }

  /** @param force also a node that is not down; its host does not know until somebody goes there */
  removeNode(id: string, force: boolean): void {
    const { clock, dice, hosts } = this.#world
    this.#api.ask(
      `remove the node ${id}${force ? ' by force' : ''}`,
      (state) => {
        const node = state.get('node', id)
        const refused = !node || (!force && node.Status.State === 'ready')
        return { mutations: refused ? [] : [remove('node', node)], result: !refused }
      },
      {
        done: (isRemoved) => {
          const host = hosts.find(({ nodeId }) => nodeId === id)
          if (!isRemoved || !host?.isMember) return
          clock.setTimer(dice.between(500, 40_000), () => {
            if (host.nodeId === id) this.leave(host)
          })
        },
      },
    )
  }

  #join(host: SimHost): void {
    if (!host.isApart) return
    const { clock } = this.#world
    const id = `${host.machine}.${++this.#admitted}`
    this.#api.ask(
      `admit ${host.machine} as ${id}`,
      (_state, nowMs) => {
        const record = newNodeRecord({ id, role: 'worker', address: host.machine, nowMs })
        return { mutations: [put('node', record)], result: id }
      },
      { done: (nodeId) => host.joined(nodeId) },
    )
    clock.setTimer(JOIN_AGAIN_MS, () => this.#join(host))
  }

  /** Nodes without a host go, hosts without a node come back. @returns whether every host is a node again */
  tidy(): boolean {
    const { truth, hosts } = this.#world
    const strays = truth
      .nodes()
      .filter(({ ID }) => !hosts.some(({ nodeId, isMember }) => isMember && nodeId === ID))
    for (const { ID } of strays) this.removeNode(ID, true)
    const outside = hosts.filter((host) => !host.isMember || !truth.node(host.nodeId))
    for (const host of outside) this.leave(host)
    return strays.length === 0 && outside.length === 0
  }
}
