import { ShoalError } from '@shoal/common'
import type { EngineRequest, Relay } from '../../relay/index.js'
import { requestedVersion } from '../api-version.js'
import type { ApiOptions } from '../options.js'
import type { Target } from './target.js'

export interface Asked {
  readonly method: string
  /** As the client asked for it: with version and query. */
  readonly url: string
  readonly contentType: string | undefined
  readonly upgrade?: EngineRequest['upgrade']
}

/** Asks the engine of a target's node. @throws ShoalError `unavailable` when it cannot be asked */
export function openRelay({ engines }: ApiOptions, { nodeId, path }: Target, asked: Asked): Relay {
  if (!engines)
    throw new ShoalError('unavailable', 'the engines of the nodes cannot be reached through this server')
  const { method, url, contentType, upgrade } = asked
  const query = new URLSearchParams(url.split('?').slice(1).join('?')).toString()
  return engines.open(nodeId, {
    method,
    path: query === '' ? path : `${path}?${query}`,
    apiVersion: requestedVersion(url),
    ...(contentType !== undefined && { contentType }),
    ...(upgrade && { upgrade }),
  })
}
