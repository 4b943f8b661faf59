import { isRetryable, ShoalError, toTimestamp } from '@shoal/common'
import { storedServiceSpec, validateServiceSpec, type NodeSpec, type ServiceSpec } from '@shoal/engine-api'
import { planCreate } from '@shoal/manager/api/services/create'
import { planUpdate } from '@shoal/manager/api/services/update'
import type { LiveState } from '@shoal/manager/state/index'
import { put, remove, type Mutation, type ServiceRecord } from '@shoal/manager/state/records'
import { transact } from '@shoal/manager/state/state'
import type { World } from './world.js'
import { changedSpec, newServiceSpec } from './specs.js'

type Plan = { mutations: readonly Mutation[]; result: unknown }

/** Users who want one thing now and another a moment later, and do not ask each other. */
export class Users {
  readonly #world: World
  #services = 0

  constructor(world: World) {
    this.#world = world
  }

  /** One of them does something, if a manager can be reached. */
  act(): void {
    const { dice, truth } = this.#world
    const action = dice.weighted({
      create: truth.services().length < 3 ? 6 : 0,
      update: 10,
      rollback: 2,
      remove: 0.5,
      node: 3,
    })
    const service = truth.services().length > 0 ? dice.pick(truth.services()) : undefined
    if (action === 'create') this.create(newServiceSpec(dice, `s${++this.#services}`))
    else if (action === 'node') this.#changeNode()
    else if (!service) return
    else if (action === 'remove') this.#remove(service)
    else
      this.update(
        service,
        action === 'rollback' ? service.Spec : changedSpec(dice, service.Spec),
        action === 'rollback',
      )
  }

  create(spec: ServiceSpec): void {
    const { dice } = this.#world
    const stored = accepted(spec)
    this.#ask(`create ${spec.Name}`, (state, nowMs) =>
      planCreate(state, { spec: stored, registryAuth: undefined, random: dice.random, nowMs }),
    )
  }

  /** Decides on the service as it stands now; somebody else may be quicker. */
  update(service: ServiceRecord, wanted: ServiceSpec, rollback = false): void {
    const spec = accepted(wanted)
    const what = `${spec.TaskTemplate?.ContainerSpec?.Image} ×${spec.Mode?.Replicated?.Replicas} ${JSON.stringify(spec.UpdateConfig)}`
    this.#ask(rollback ? `roll ${spec.Name} back` : `update ${spec.Name} to ${what}`, (state, nowMs) =>
      planUpdate(state, {
        reference: service.ID,
        version: service.Version.Index,
        spec,
        rollback,
        registryAuth: undefined,
        registryAuthFrom: 'spec',
        nowMs,
      }),
    )
  }

  changeNode(id: string, change: Partial<NodeSpec>): void {
    this.#ask(`change ${id} to ${JSON.stringify(change)}`, (state, nowMs) => {
      const node = state.get('node', id)
      if (!node) return { mutations: [], result: undefined }
      const Spec = { ...node.Spec, ...change }
      return { mutations: [put('node', { ...node, Spec, UpdatedAt: toTimestamp(nowMs) })], result: undefined }
    })
  }

  #changeNode(): void {
    const { dice, truth } = this.#world
    const node = dice.pick(truth.nodes())
    if (dice.chance(0.4)) this.changeNode(node.ID, { Labels: { zone: dice.pick(['a', 'b']) } })
    else this.changeNode(node.ID, { Availability: dice.weighted({ active: 5, pause: 2, drain: 3 }) })
  }

  #remove(service: ServiceRecord): void {
    this.#ask(`remove ${service.Spec.Name}`, (state) => {
      const present = state.get('service', service.ID)
      return { mutations: present ? [remove('service', present)] : [], result: undefined }
    })
  }

  /** As the API does it, in the manager's process: what comes of it, nobody may ever hear. */
  #ask(what: string, plan: (state: LiveState, nowMs: number) => Plan): void {
    const manager = this.#world.leader()
    const process = manager?.run?.process
    const state = manager?.leadingState
    if (!process || !state) return
    this.#world.trace.add(`user asks ${process.name} to ${what}`)
    this.#world.network.options.clock.setTimer(this.#world.dice.between(1, 50), () =>
      process.run(() => {
        void transact(state, () => plan(state, process.clock.now())).catch((error: unknown) =>
          this.#refused(what, error),
        )
      }),
    )
  }

  #refused(what: string, error: unknown): void {
    if (error instanceof ShoalError && (isRetryable(error) || error.code !== 'internal')) {
      this.#world.trace.add(`refused to ${what}: ${error.message}`)
    } else this.#world.violate('no unexpected error', `${what}: ${String((error as Error).stack)}`)
  }
}

function accepted(spec: ServiceSpec): ServiceSpec {
  validateServiceSpec(spec)
  return storedServiceSpec(spec)
}
