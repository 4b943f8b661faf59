import { readFileSync } from 'node:fs'
import { messageOf, ShoalError } from '@shoal/common/errors'
import { type ClientTls, endpointAt, findEndpoint } from '../../client/index.js'
import { checkContextName, type Context, DEFAULT_CONTEXT } from '../../contexts/index.js'
import { parseCsv } from '../../values/index.js'
import { argument, type Command, type Io, valueOf } from '../lib/command.js'

const CERTIFICATES = ['ca', 'cert', 'key'] as const

export const command: Command = {
  usage: '[OPTIONS] CONTEXT',
  description: 'Create a context: a name for a cluster and how it is reached',
  examples: [
    'ctl context create prod --docker host=tcp://192.0.2.1:3376,ca=ca.pem,cert=cert.pem,key=key.pem',
    'ctl context create here --docker host=unix:///run/shoal/manager.sock',
    'eval "$(ctl env)"; ctl context create lab --from default   # what is in force now',
  ],
  flags: [
    { name: 'description', value: 'string', help: 'Description of the context' },
    {
      name: 'docker',
      value: 'list',
      help: 'How the manager is reached: host=ADDRESS,ca=FILE,cert=FILE,key=FILE; the files are copied',
    },
    { name: 'from', value: 'string', help: 'Create the context from another one' },
  ],
  arguments: { least: 1, most: 1 },
  run({ args, given, io }) {
    const name = argument(args, 0)
    checkContextName(name)
    const store = io.contexts()
    if (store.has(name)) throw new ShoalError('already-exists', `context "${name}" already exists`)
    const from = valueOf(given, 'from')
    const endpoint = valueOf(given, 'docker')
    if (from !== undefined && endpoint !== undefined) {
      throw new ShoalError('invalid-argument', 'cannot use --docker flag when --from is set')
    }
    if (from === undefined && endpoint === undefined) {
      throw new ShoalError('invalid-argument', 'docker endpoint configuration is required')
    }
    const source = from === undefined ? endpointOf(endpoint ?? '') : copyOf(from, io)
    const description = valueOf(given, 'description') ?? source.description
    store.put({ ...source, name, description })
    io.print(name)
    io.warn(`Successfully created context "${name}"`)
    return Promise.resolve()
  },
}

type Source = Omit<Context, 'name'>

/** @throws ShoalError `invalid-argument` for unknown keys, files that cannot be read and addresses that are none */
export function endpointOf(text: string): Source {
  const fields = new Map<string, string>()
  for (const field of parseCsv(text)) {
    const [key = '', ...value] = field.split('=')
    if (key === 'skip-tls-verify' && !['', 'false', '0'].includes(value.join('='))) {
      throw new ShoalError('unimplemented', 'not implemented: skip-tls-verify, managers are always verified')
    }
    if (!['host', 'skip-tls-verify', ...CERTIFICATES].includes(key)) {
      throw new ShoalError('invalid-argument', `unrecognized config key: ${key}`)
    }
    fields.set(key, value.join('='))
  }
  const host = fields.get('host')
  if (!host)
    throw new ShoalError('invalid-argument', 'the endpoint has to name a host: host=tcp://192.0.2.1:3376')
  const pairs = CERTIFICATES.flatMap((key) => {
    const path = fields.get(key)
    return path ? [[key, readPem(path)] as const] : []
  })
  const tls: ClientTls | undefined = pairs.length > 0 ? Object.fromEntries(pairs) : undefined
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    throw new ShoalError('invalid-argument', 'cert and key have to be given together')
  }
  endpointAt(host, tls)
  return { description: '', host, ...(tls && { tls }) }
}

function copyOf(from: string, io: Io): Source {
  if (from !== DEFAULT_CONTEXT) return io.contexts().get(from)
  const endpoint = findEndpoint(undefined, io.environment)
  const tls = endpoint.kind === 'tcp' ? endpoint.tls : undefined
  return { description: '', host: endpoint.shown, ...(tls && { tls }) }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ShoalError('invalid-argument', `unable to read ${path}: ${messageOf(error)}`, error)
  }
}
