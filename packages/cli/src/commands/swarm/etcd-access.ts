import { readFileSync } from 'node:fs'
import { messageOf, ShoalError } from '@shoal/common/errors'
import type { EtcdAccess } from '../../client/index.js'
import type { GivenFlags } from '../../spec/index.js'
import { valueOf } from '../lib/command.js'

/**
 * How etcd is reached, as the flags of `--store` say.
 * @returns undefined for the embedded store
 * @throws invalid-argument for flags that do not fit together, or files that cannot be read
 */
export function storeAccess(given: GivenFlags): EtcdAccess | undefined {
  const kind = valueOf(given, 'store') ?? 'embedded'
  if (kind === 'embedded') {
    const misplaced = [...given.keys()].find((name) => name.startsWith('etcd-'))
    if (misplaced !== undefined) throw refusal(`--${misplaced} needs --store etcd`)
    return undefined
  }
  if (kind !== 'etcd') throw refusal(`unknown store "${kind}": embedded or etcd`)
  if (!given.has('etcd-endpoint')) throw refusal('--store etcd needs --etcd-endpoint')
  return etcdAccess(given)
}

/**
 * How etcd is reached, as the flags `--etcd-…` say. The files are read now: daemons keep copies of their own.
 * @throws invalid-argument for flags that do not fit together, or files that cannot be read
 */
export function etcdAccess(given: GivenFlags): EtcdAccess {
  const endpoints = (given.get('etcd-endpoint') ?? []).flatMap((text) => text.split(',')).map(checkedEndpoint)
  if (endpoints.length === 0) throw refusal('no server of etcd is named: use --etcd-endpoint')
  const certificates = certificatesFrom(given)
  const plain = endpoints.find((endpoint) => endpoint.startsWith('http:'))
  if (plain !== undefined && endpoints.some((endpoint) => endpoint.startsWith('https:'))) {
    throw refusal('the endpoints of etcd are all https:// or all http://')
  }
  const [name] = Object.keys(certificates)
  if (plain !== undefined && name !== undefined)
    throw refusal(`${plain} has no TLS: certificates need https://`)
  return { endpoints, ...certificates }
}

function certificatesFrom(given: GivenFlags): Omit<EtcdAccess, 'endpoints'> {
  const [caFile, certFile, keyFile] = ['etcd-cacert', 'etcd-cert', 'etcd-key'].map((name) =>
    valueOf(given, name),
  )
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw refusal('--etcd-cert and --etcd-key are given together')
  }
  if (certFile !== undefined && caFile === undefined) throw refusal('--etcd-cert needs --etcd-cacert')
  return {
    ...(caFile !== undefined && { ca: readPem('etcd-cacert', caFile) }),
    ...(certFile !== undefined && { certificate: readPem('etcd-cert', certFile) }),
    ...(keyFile !== undefined && { key: readPem('etcd-key', keyFile) }),
  }
}

function checkedEndpoint(text: string): string {
  const endpoint = text.trim().replace(/\/$/, '')
  if (/^https?:\/\/(\[[^\]]+\]|[^:/\s]+):\d+$/.test(endpoint)) return endpoint
  throw refusal(`invalid endpoint of etcd "${text}": https://HOST:PORT`)
}

function readPem(flag: string, path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw refusal(`--${flag}: ${messageOf(error)}`)
  }
  if (!text.includes('-----BEGIN ')) throw refusal(`--${flag}: ${path} is no PEM file`)
  return text
}

function refusal(message: string): ShoalError {
  return new ShoalError('invalid-argument', message)
}
