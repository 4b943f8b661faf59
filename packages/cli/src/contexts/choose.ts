import { ShoalError } from '@shoal/common/errors'
import { type Endpoint, endpointAt, type Environment, findEndpoint } from '../client/index.js'
import { type ContextStore, DEFAULT_CONTEXT } from './store.js'

/** The flags before the command. */
export interface Globals {
  readonly host?: string | undefined
  readonly context?: string | undefined
}

/** Variables that name a manager by its address, and so win over contexts that nobody named on the command line. */
export const ADDRESS_VARIABLES = ['DOCKER_HOST', 'SHOAL_SOCKET'] as const

/**
 * Which context a command line means, by docker's rule: `--context`, else none with `--host`, else none with an
 * address in the environment, else `SHOAL_CONTEXT`, else the one that `ctl context use` has set. None is `default`.
 * @throws invalid-argument when both flags are given
 */
export function chooseContext(
  { host, context }: Globals,
  environment: Environment,
  current: string | undefined,
): string {
  if (host !== undefined && context !== undefined) {
    throw new ShoalError('invalid-argument', 'conflicting options: cannot specify both --host and --context')
  }
  if (context) return context
  if (host !== undefined || ADDRESS_VARIABLES.some((name) => environment[name])) return DEFAULT_CONTEXT
  return environment['SHOAL_CONTEXT'] || current || DEFAULT_CONTEXT
}

/** @throws ShoalError as `chooseContext`, `findEndpoint` and `ContextStore.get` do */
export function chosenEndpoint(globals: Globals, environment: Environment, store: ContextStore): Endpoint {
  const name = chooseContext(globals, environment, store.current())
  if (name === DEFAULT_CONTEXT) return findEndpoint(globals.host, environment)
  const { host, tls } = store.get(name)
  return endpointAt(host, tls)
}
