import type { NodeDescription } from '@shoal/engine-api'
import { put, type Mutation } from '@shoal/manager/state/records'
import type { Dice } from './dice.js'

const META = {
  Version: { Index: 0 },
  CreatedAt: '2026-01-01T00:00:00.000Z',
  UpdatedAt: '2026-01-01T00:00:00.000Z',
}

/** What a cluster is made of. */
export interface Layout {
  readonly managers: readonly string[]
  readonly nodes: readonly { readonly id: string; readonly description: NodeDescription }[]
  readonly historyLimit: number
}

/** A cluster of one to three managers and two to five hosts, which need not be equal. */
export function layOut(dice: Dice): Layout {
  const managers = Array.from({ length: dice.between(1, 3) }, (_, index) => `m${index + 1}`)
  const nodes = Array.from({ length: dice.between(2, 5) }, (_, index) => {
    const id = `n${index + 1}`
    return { id, description: describe(id, dice.pick([2, 4, 8])) }
  })
  return { managers, nodes, historyLimit: dice.between(0, 5) }
}

function describe(id: string, cpus: number): NodeDescription {
  return {
    Hostname: id,
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: cpus * 1e9, MemoryBytes: cpus * 1024 ** 3 },
    Engine: { EngineVersion: '28.0.0' },
  }
}

/** Networks that users find: in the narrow one addresses come round soon, and run out. */
export const NETWORKS = { narrow: '10.1.0.0/28', wide: '10.2.0.0/22' } as const

/** What the founding of the cluster, the joins of its nodes and the making of its networks have left. */
export function firstRecords({ managers, nodes, historyLimit }: Layout, cluster: string): Mutation[] {
  return [
    put('cluster', {
      ...META,
      ID: cluster,
      Spec: { Orchestration: { TaskHistoryRetentionLimit: historyLimit } },
      Shoal: {
        RootCertificate: 'root',
        RootKey: 'key',
        WorkerSecret: 'worker',
        ManagerSecret: 'manager',
        DefaultAddrPool: ['10.0.0.0/8'],
        SubnetSize: 24,
        DataPathPort: 4789,
      },
    }),
    ...nodes.map(({ id, description }) =>
      put('node', {
        ...META,
        ID: id,
        Spec: { Role: 'worker', Availability: 'active', Labels: {} },
        Description: description,
        Status: { State: 'unknown', Addr: '' },
      }),
    ),
    ...managers.map(managerNode),
    ...Object.entries(NETWORKS).map(([name, subnet], index) => network(name, subnet, 5_000 + index)),
  ]
}

/** Hosts of managers alone: they have no agent here, and no task ever gets there. */
function managerNode(id: string): Mutation {
  return put('node', {
    ...META,
    ID: id,
    Spec: { Role: 'manager', Availability: 'drain', Labels: {} },
    Description: describe(id, 1),
    Status: { State: 'unknown', Addr: id },
  })
}

function network(name: string, Subnet: string, Vni: number): Mutation {
  const Gateway = Subnet.replace(/\d+\/\d+$/u, '1')
  return put('network', {
    ...META,
    ID: name,
    Spec: {
      Name: name,
      Driver: 'overlay',
      Internal: false,
      Attachable: false,
      Ingress: false,
      IPAM: { Driver: 'default', Options: null, Config: [{ Subnet, Gateway }] },
      Options: {},
      Labels: {},
    },
    Shoal: { Vni },
  })
}
