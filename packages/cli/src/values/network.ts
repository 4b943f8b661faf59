import type { NetworkAttachmentConfig } from '@shoal/engine-api'
import { parseCsv } from './csv.js'
import { cut, invalid } from './invalid.js'

const LONG_SYNTAX = /\w+=\w+(,\w+=\w+)*/
/** Long options that `docker run` knows and a service cannot have. */
const CONTAINER_ONLY = new Set(['ip', 'ip6', 'mac-address', 'link-local-ip', 'gw-priority'])

/** A network to attach to: its name, or `name=…,alias=…,driver-opt=key=value`. The target is still a name. */
export function parseNetwork(text: string): NetworkAttachmentConfig {
  if (!LONG_SYNTAX.test(text)) return { Target: text }
  const network: NetworkAttachmentConfig = { Aliases: [] }
  for (const field of parseCsv(text)) {
    const [rawKey, rawValue] = cut(field.toLowerCase())
    if (rawValue === undefined || rawKey === '') throw invalid(`invalid field ${field}`)
    const key = rawKey.trim()
    const value = rawValue.trim()
    if (key === 'name') network.Target = value
    else if (key === 'alias') network.Aliases?.push(value)
    else if (key === 'driver-opt') {
      const [option, setting] = cut(value)
      if (setting === undefined || option === '')
        throw invalid('invalid key value pair format in driver options')
      network.DriverOpts = { ...network.DriverOpts, [option.trim()]: setting.trim() }
    } else if (CONTAINER_ONLY.has(key)) throw invalid(`${key} is not supported for services`)
    else throw invalid(`invalid field key ${key}`)
  }
  if (!network.Target) throw invalid('network name/id is not specified')
  return network
}
