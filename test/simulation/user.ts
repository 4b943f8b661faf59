import { toTimestamp } from '@shoal/common'
import { storedServiceSpec, validateServiceSpec, type NodeSpec, type ServiceSpec } from '@shoal/engine-api'
import { planCreate } from '@shoal/manager/api/services/create'
import { planUpdate } from '@shoal/manager/api/services/update'
import { put, remove, type ServiceRecord } from '@shoal/manager/state/records'
import { Api } from './api.js'
import { Members } from './members.js'
import { changedSpec, newServiceSpec, withForce, withReplicas } from './specs.js'
import type { World } from './world.js'

/** Few, so that who creates one may meet another of the name, or what is left of it. */
const NAMES = ['s1', 's2', 's3', 's4', 's5'] as const

/** What users do with a service, and how often beside the rest. */
const SERVICE_ACTS: Readonly<Record<string, readonly [weight: number, act: ServiceAct]>> = {
  change: [10, (users, service, { dice }) => users.update(service, changedSpec(dice, service.Spec))],
  'roll back': [2, (users, service) => users.update(service, service.Spec, true)],
  force: [1.5, (users, service) => users.update(service, withForce(service.Spec))],
  'scale to none': [0.7, (users, service) => users.update(service, withReplicas(service.Spec, 0))],
  rename: [0.2, (users, service) => users.update(service, { ...service.Spec, Name: 'other' })],
  remove: [0.5, (users, service) => users.remove(service)],
  recreate: [
    0.7,
    (users, service, { dice }) => {
      users.remove(service)
      users.create(newServiceSpec(dice, service.Spec.Name ?? ''))
    },
  ],
}
type ServiceAct = (users: Users, service: ServiceRecord, world: World) => void

const WEIGHTS = Object.fromEntries(Object.entries(SERVICE_ACTS).map(([name, [weight]]) => [name, weight]))

/** Users who want one thing now and another a moment later, and do not ask each other. */
export class Users {
  readonly members: Members
  readonly #world: World
  readonly #api: Api

  constructor(world: World) {
    this.#world = world
    this.#api = new Api(world)
    this.members = new Members(world, this.#api)
  }

  /** One of them does something, if a manager can be reached. */
  act(): void {
    const { dice, truth } = this.#world
    const services = truth.services()
    const subject = dice.weighted({ create: services.length < 3 ? 6 : 0, service: 15, node: 3, members: 0.8 })
    if (subject === 'create') this.create(newServiceSpec(dice, dice.pick(NAMES)))
    else if (subject === 'node') this.#changeNode()
    else if (subject === 'members') this.#changeMembers()
    else if (services.length > 0)
      SERVICE_ACTS[dice.weighted(WEIGHTS)]?.[1](this, dice.pick(services), this.#world)
  }

  create(spec: ServiceSpec): void {
    const { dice } = this.#world
    const stored = accepted(spec)
    this.#api.ask(
      `create ${spec.Name}`,
      (state, nowMs, addresses) =>
        planCreate(state, {
          spec: stored,
          registryAuth: undefined,
          random: dice.random,
          nowMs,
          ...addresses,
        }),
      { queued: true },
    )
  }

  /** Decides on the service as it stands now; somebody else may be quicker. */
  update(service: ServiceRecord, wanted: ServiceSpec, rollback = false): void {
    const spec = accepted(wanted)
    const what = `${spec.TaskTemplate?.ContainerSpec?.Image} ×${spec.Mode?.Replicated?.Replicas} ${JSON.stringify(spec.UpdateConfig)}`
    const { Name } = service.Spec
    this.#api.ask(
      rollback ? `roll ${Name} back` : `update ${Name} to ${what}`,
      (state, nowMs, addresses) =>
        planUpdate(state, {
          reference: service.ID,
          version: service.Version.Index,
          spec,
          rollback,
          registryAuth: undefined,
          registryAuthFrom: 'spec',
          nowMs,
          ...addresses,
        }),
      { queued: true },
    )
  }

  remove(service: ServiceRecord): void {
    this.#api.ask(`remove ${service.Spec.Name}`, (state) => {
      const present = state.get('service', service.ID)
      return { mutations: present ? [remove('service', present)] : [], result: undefined }
    })
  }

  changeNode(id: string, change: Partial<NodeSpec>): void {
    this.#api.ask(`change ${id} to ${JSON.stringify(change)}`, (state, nowMs) => {
      const node = state.get('node', id)
      if (!node) return { mutations: [], result: undefined }
      const Spec = { ...node.Spec, ...change }
      return { mutations: [put('node', { ...node, Spec, UpdatedAt: toTimestamp(nowMs) })], result: undefined }
    })
  }

  #changeNode(): void {
    const { dice, truth } = this.#world
    if (truth.nodes().length === 0) return
    const node = dice.pick(truth.nodes())
    const zone = dice.weighted({ a: 2, b: 2, '': 1 })
    if (dice.chance(0.4)) this.changeNode(node.ID, { Labels: zone === '' ? {} : { zone } })
    else this.changeNode(node.ID, { Availability: dice.weighted({ active: 5, pause: 2, drain: 3 }) })
  }

  /** Rather nodes that are down are removed; from others their host leaves first, or should have. */
  #changeMembers(): void {
    const { dice, truth, hosts } = this.#world
    const down = truth.nodes().find(({ Status }) => Status.State === 'down')
    if (down) return this.members.removeNode(down.ID, dice.chance(0.7))
    const host = dice.pick(hosts)
    if (dice.chance(0.6)) this.members.leave(host)
    else this.members.removeNode(host.nodeId, true)
  }
}

function accepted(spec: ServiceSpec): ServiceSpec {
  validateServiceSpec(spec)
  return storedServiceSpec(spec)
}
