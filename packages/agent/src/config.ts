import { readFileSync } from 'node:fs'
import { LOG_LEVELS } from '@shoal/common'
import { parseConfig } from '@shoal/common/config'
import Type, { type Static } from 'typebox'

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
    /** `address:port` each, of a manager on this host: for ctl, when the node becomes one. */
    manager: Type.Optional(
      Type.Object(
        { listenAddress: Type.String(), apiAddress: Type.String(), metricsAddress: Type.String() },
        { additionalProperties: false },
      ),
    ),
    logLevel: Type.Enum([...LOG_LEVELS]),
  },
  { additionalProperties: false },
)
export type AgentConfig = Static<typeof AgentConfig>

/**
 * Reads and checks the agent's configuration.
 * @throws ShoalError `invalid-argument` naming the file and the field; the file system's errors
 */
export function readAgentConfig(path: string): AgentConfig {
  return parseConfig(AgentConfig, readFileSync(path, 'utf8'), path)
}
