import type { EndpointSet } from '@shoal/engine-api'
import { balancerMemo, type BalancerMemo } from './balancers.js'
import type { KernelPlan } from './host-plan.js'

/** What follows from the peers alone. */
export interface PeersPlan extends Pick<KernelPlan, 'forwarding' | 'neighbours' | 'returnRoutes'> {
  /** The addresses of their hosts. */
  readonly hosts: ReadonlySet<string>
}

/** What earlier plans were made of, so that what has not changed is the same object again, and costs next to nothing. */
export interface PlanMemo {
  readonly balancers: BalancerMemo
  anyIp?: {
    readonly services: ReadonlyMap<string, EndpointSet>
    readonly networks: readonly unknown[]
    readonly plan: KernelPlan['anyIp']
  }
  peers?: { readonly from: readonly unknown[]; readonly local: string; readonly plan: PeersPlan }
}

export function planMemo(): PlanMemo {
  return { balancers: balancerMemo() }
}
