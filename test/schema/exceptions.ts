import type { Schema } from './specification.js'

/** Where the description is wrong about Docker's answers, or says less than Docker, with the reason. */
interface Exception {
  readonly definition: string
  readonly change: (schema: Schema) => Schema
  readonly why: string
}

const STRING: Schema = { type: 'string' }
const INTEGER: Schema = { type: 'integer', format: 'int64' }
const BOOLEAN: Schema = { type: 'boolean' }

const also =
  (properties: Readonly<Record<string, Schema>>) =>
  (schema: Schema): Schema => ({
    ...schema,
    properties: { ...schema.properties, ...properties },
  })

const nullable =
  (name: string) =>
  (schema: Schema): Schema => ({
    ...schema,
    properties: { ...schema.properties, [name]: { ...schema.properties?.[name], 'x-nullable': true } },
  })

const NAMED_OPTIONS: Schema = {
  type: 'object',
  properties: { Name: STRING, Options: { type: 'object', additionalProperties: STRING } },
}
const IPAM_OPTIONS: Schema = {
  type: 'object',
  properties: {
    Driver: NAMED_OPTIONS,
    Configs: { type: 'array', items: { $ref: '#/definitions/IPAMConfig' } },
  },
}

/** `swarm.Network` of Docker's Go types. */
const SWARM_NETWORK: Schema = {
  type: 'object',
  required: ['ID', 'Spec'],
  properties: {
    ID: STRING,
    Version: { $ref: '#/definitions/ObjectVersion' },
    CreatedAt: { type: 'string', format: 'dateTime' },
    UpdatedAt: { type: 'string', format: 'dateTime' },
    Spec: {
      type: 'object',
      required: ['Name'],
      properties: {
        Name: STRING,
        Labels: { type: 'object', additionalProperties: STRING },
        DriverConfiguration: NAMED_OPTIONS,
        IPv6Enabled: BOOLEAN,
        Internal: BOOLEAN,
        Attachable: BOOLEAN,
        Ingress: BOOLEAN,
        IPAMOptions: IPAM_OPTIONS,
        Scope: STRING,
      },
    },
    DriverState: NAMED_OPTIONS,
    IPAMOptions: IPAM_OPTIONS,
  },
}

const UPDATE_STATE: Schema = {
  type: 'string',
  enum: ['updating', 'paused', 'completed', 'rollback_started', 'rollback_paused', 'rollback_completed'],
}

/** The property at the end of a path of properties, replaced. */
const at =
  ([name = '', ...rest]: readonly string[], property: Schema) =>
  (schema: Schema): Schema => {
    const inner = rest.length === 0 ? property : at(rest, property)(schema.properties?.[name] ?? {})
    return { ...schema, properties: { ...schema.properties, [name]: inner } }
  }

const EXCEPTIONS: readonly Exception[] = [
  {
    definition: 'IDResponse',
    change: () => ({ type: 'object', required: ['ID'], properties: { ID: STRING } }),
    why: 'Docker answers ID when a secret or a config is created, and its clients read that',
  },
  {
    definition: 'ServiceUpdateResponse',
    change: nullable('Warnings'),
    why: "Docker answers null: Go's list that nobody made",
  },
  {
    definition: 'TaskSpec',
    change: at(['ContainerSpec', 'Healthcheck'], { $ref: '#/definitions/HealthConfig' }),
    why: 'described as HealthCheck; Docker writes and reads Healthcheck',
  },
  {
    definition: 'TaskSpec',
    change: (schema) =>
      at(['Resources', 'SwapBytes'], INTEGER)(at(['Resources', 'MemorySwappiness'], INTEGER)(schema)),
    why: 'part of the API from 1.52 on; newer CLIs send them',
  },
  {
    definition: 'Task',
    change: also({ GenericResources: { $ref: '#/definitions/GenericResources' } }),
    why: 'described as AssignedGenericResources; Docker writes and reads GenericResources',
  },
  {
    definition: 'Mount',
    change: also({ ClusterOptions: { type: 'object' } }),
    why: 'Docker has it for volumes of the cluster, and does not describe it',
  },
  {
    definition: 'Driver',
    change: ({ required: _name, ...rest }) => rest,
    why: 'Docker takes one without a name, and leaves an empty name out of its answer',
  },
  {
    definition: 'IPAM',
    change: nullable('Options'),
    why: "Docker answers null: Go's map that nobody made",
  },
  {
    definition: 'Network',
    change: nullable('Containers'),
    why: 'Docker answers null for networks of the swarm: containers are on the nodes',
  },
  {
    definition: 'NetworkAttachment',
    change: also({ Network: SWARM_NETWORK }),
    why: "Docker answers Swarm's own form of a network here, not that of GET /networks",
  },
  {
    definition: 'Service',
    change: also({ PreviousSpec: { $ref: '#/definitions/ServiceSpec' } }),
    why: 'Docker answers it once a service was updated, and its clients roll back by it',
  },
  {
    definition: 'Service',
    change: at(['UpdateStatus', 'State'], UPDATE_STATE),
    why: 'the states of a rollback are missing',
  },
  {
    definition: 'Network',
    change: also({ Services: { type: 'object' } }),
    why: 'Docker answers it with verbose=1 and does not describe it',
  },
  {
    definition: 'Commit',
    change: also({ Expected: STRING }),
    why: 'part of the API until 1.48; Shoal answers in 1.47, and the CLI 20.10 reads it',
  },
  {
    definition: 'SystemInfo',
    change: also({ BridgeNfIptables: BOOLEAN, BridgeNfIp6tables: BOOLEAN }),
    why: 'part of the API until 1.49; older CLIs warn when they are not true',
  },
]

/** The definitions as Docker's answers really are. */
export function definitionsAsDocker(
  definitions: Readonly<Record<string, Schema>>,
): Readonly<Record<string, Schema>> {
  const result = { ...definitions }
  for (const { definition, change } of EXCEPTIONS) {
    const known = result[definition]
    if (!known) throw new Error(`an exception of ${definition}, which is not in the description`)
    result[definition] = change(known)
  }
  return result
}
