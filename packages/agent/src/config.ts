import { readFileSync } from 'node:fs'
import { LOG_LEVELS, messageOf, ShoalError } from '@shoal/common'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'

const AgentConfig = Type.Object(
  {
    /** Where everything lives that must survive a restart. */
    stateDir: Type.String(),
    /** Where process ids are. */
    runDir: Type.String(),
    /** `host:port` of managers to begin with; later the list that a manager gave is used. */
    managers: Type.Array(Type.String({ pattern: ':[0-9]+$' }), { minItems: 1 }),
    /** For the first start of a host that is not a member yet. */
    joinToken: Type.Optional(Type.String()),
    dockerSocket: Type.String(),
    /** Where other hosts reach this one; without it, where the manager sees it. */
    advertiseAddress: Type.Optional(Type.String()),
    /** Instead of the host's own name. */
    hostname: Type.Optional(Type.String()),
    /** `kind=amount` or `kind=name`, as dockerd's --node-generic-resource. */
    genericResources: Type.Array(Type.String()),
    logLevel: Type.Enum([...LOG_LEVELS]),
  },
  { additionalProperties: false },
)
export type AgentConfig = Static<typeof AgentConfig>

/**
 * Reads and checks the agent's configuration.
 * @throws ShoalError `invalid-argument` naming the file and the field
 */
export function readAgentConfig(path: string): AgentConfig {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ShoalError('invalid-argument', `cannot read the configuration ${path}: ${messageOf(error)}`, error)
  }
  if (Value.Check(AgentConfig, json)) return json
  const [first] = Value.Errors(AgentConfig, json)
  throw new ShoalError(
    'invalid-argument',
    `${path}: ${first?.instancePath.slice(1).replaceAll('/', '.') || 'the configuration'} ${first?.message ?? 'is invalid'}`,
  )
}
