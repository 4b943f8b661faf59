import { ShoalError } from '@shoal/common/errors'
import { NAMESPACE_LABEL } from '../convert/names.js'
import type { DesiredStack } from '../convert/stack.js'
import { planFiles, referredFiles } from './files.js'
import { planNetworks } from './networks.js'
import type { Observed } from './observed.js'
import { planServices } from './services.js'
import type { Step } from './step.js'

/**
 * What a deploy does, in order. Nothing at all when the cluster is as the Compose files want it.
 * @param prune whether what the files do not name any more is removed
 * @throws failed-precondition, already-exists or not-found when the stack cannot be deployed as it is
 */
export function planDeploy(desired: DesiredStack, observed: Observed, prune: boolean): Step[] {
  checkExternalFiles(desired, observed)
  const networks = planNetworks(desired, observed)
  const files = planFiles(desired, observed, prune)
  const services = planServices(desired, observed, files)
  const removed = prune ? removedServices(desired, observed) : []
  const referred = referredFiles(servicesAfter(observed, services, removed))
  const outdated = files.outdated
    .filter(({ kind, present }) => !referred.has(`${kind} ${present.Spec.Name}`))
    .map(({ kind, present }): Step => ({
      kind: 'remove-file',
      file: kind,
      id: present.ID,
      name: present.Spec.Name ?? present.ID,
    }))
  const gone = prune ? removedNetworks(desired, observed) : []
  return [...networks, ...files.steps, ...services, ...removed, ...outdated, ...gone]
}

function checkExternalFiles({ external }: DesiredStack, { secrets, configs }: Observed): void {
  for (const [kind, known] of [
    ['secret', secrets],
    ['config', configs],
  ] as const) {
    for (const name of external[kind]) {
      if (known.some(({ Spec }) => Spec.Name === name)) continue
      throw new ShoalError('not-found', `${kind} ${name} is declared as external, and does not exist`)
    }
  }
}

/** The services as they are when the steps are done. An updated one can be rolled back to what it is now. */
function servicesAfter(
  observed: Observed,
  steps: readonly Step[],
  removed: readonly Step[],
): Observed['services'] {
  const gone = new Set(removed.flatMap((step) => (step.kind === 'remove-service' ? [step.id] : [])))
  const updates = new Map(
    steps.flatMap((step) => (step.kind === 'update-service' ? [[step.service.ID, step]] : [])),
  )
  return observed.services
    .filter(({ ID }) => !gone.has(ID))
    .map((service) => {
      const spec = updates.get(service.ID)?.spec
      return spec === undefined ? service : { ...service, Spec: spec, PreviousSpec: service.Spec }
    })
}

function removedServices({ stack, services }: DesiredStack, observed: Observed): Step[] {
  const wanted = new Set(services.map(({ Name }) => Name))
  return observed.services
    .filter(({ Spec }) => Spec.Labels?.[NAMESPACE_LABEL] === stack && !wanted.has(Spec.Name))
    .map(({ ID, Spec }) => ({ kind: 'remove-service', id: ID, name: Spec.Name ?? ID }))
}

function removedNetworks({ stack, networks }: DesiredStack, observed: Observed): Step[] {
  const wanted = new Set(networks.map(({ Name }) => Name))
  return observed.networks
    .filter(({ Labels, Name }) => Labels?.[NAMESPACE_LABEL] === stack && !wanted.has(Name))
    .map(({ Id, Name }) => ({ kind: 'remove-network', id: Id, name: Name }))
}
