import type { ServiceRecord } from '@shoal/manager/state/records'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

/** A port that is published on every node belongs to one service. */
export function portsRule(world: World): Rule {
  const check = (service: ServiceRecord): void => {
    const own = published(service, 'ingress')
    for (const other of world.truth.services()) {
      if (other.ID === service.ID) continue
      const twice = [...published(other, 'ingress'), ...published(other, 'host')].find((port) =>
        own.includes(port),
      )
      if (twice === undefined) continue
      const names = `${service.Spec.Name} and ${other.Spec.Name}`
      world.violate('no port is published twice', `${twice} is published by ${names}`)
    }
  }
  return {
    onWrite(changes) {
      for (const change of changes) if (change.kind === 'service' && change.after) check(change.after)
    },
  }
}

function published({ Endpoint }: ServiceRecord, mode: 'ingress' | 'host'): string[] {
  return (Endpoint.Ports ?? [])
    .filter(({ PublishMode }) => (PublishMode ?? 'ingress') === mode)
    .map(({ PublishedPort, Protocol }) => `${PublishedPort}/${Protocol ?? 'tcp'}`)
}
