import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { writeEtcdAccess } from '../../daemon/index.js'
import { etcdAccess, storeAccess } from './etcd-access.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-etcd-access-'))
afterAll(() => rmSync(folder, { recursive: true }))

function pem(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, `-----BEGIN ${name}-----`)
  return path
}
const [ca, cert, key] = [pem('ca'), pem('cert'), pem('key')]
const given = (flags: Record<string, string>) =>
  new Map(Object.entries(flags).map(([name, value]) => [name, [value]]))
const https = { 'etcd-endpoint': 'https://e:2379' }

describe('the way to etcd, from the flags', () => {
  test('given no --store, then there is none; flags of etcd without it are refused', () => {
    expect(storeAccess(given({}))).toBeUndefined()
    expect(() => storeAccess(given({ 'etcd-key': key }))).toThrow('--etcd-key needs --store etcd')
    expect(() => storeAccess(given({ store: 'etcd' }))).toThrow('--store etcd needs --etcd-endpoint')
    expect(() => storeAccess(given({ store: 'zk' }))).toThrow('unknown store "zk"')
  })

  test('given files, then they are read, and kept for the manager where only its owner reads them', () => {
    const flags = { ...https, store: 'etcd', 'etcd-cacert': ca, 'etcd-cert': cert, 'etcd-key': key }
    const access = storeAccess(given(flags))
    if (!access) throw new Error('no etcd')
    const store = writeEtcdAccess(folder, access)
    const kept = (name: string): string => join(folder, 'manager', 'etcd', `${name}.pem`)
    expect(store).toEqual({
      kind: 'etcd',
      endpoints: ['https://e:2379'],
      caFile: kept('ca'),
      certFile: kept('cert'),
      keyFile: kept('key'),
    })
    expect(readFileSync(kept('key'), 'utf8')).toBe('-----BEGIN key-----')
    expect(statSync(kept('key')).mode & 0o777).toBe(0o600)
  })

  test('given several endpoints, then they are named one by one, or with commas', () => {
    const endpoints = ['https://a:1,https://[::1]:2/', 'https://b:3']
    expect(etcdAccess(new Map([['etcd-endpoint', endpoints]])).endpoints).toEqual([
      'https://a:1',
      'https://[::1]:2',
      'https://b:3',
    ])
  })

  const refused: [string, Record<string, string>, string][] = [
    ['no scheme', { 'etcd-endpoint': 'e:2379' }, 'invalid endpoint of etcd "e:2379"'],
    ['no port', { 'etcd-endpoint': 'https://e' }, 'invalid endpoint of etcd'],
    ['TLS here and not there', { 'etcd-endpoint': 'https://a:1,http://b:2' }, 'all https:// or all http://'],
    [
      'certificates without TLS',
      { 'etcd-endpoint': 'http://a:1', 'etcd-cacert': ca },
      'http://a:1 has no TLS',
    ],
    ['no key', { ...https, 'etcd-cacert': ca, 'etcd-cert': cert }, 'given together'],
    ['no authority', { ...https, 'etcd-cert': cert, 'etcd-key': key }, '--etcd-cert needs --etcd-cacert'],
    ['a missing file', { ...https, 'etcd-cacert': '/no/such' }, '--etcd-cacert: ENOENT'],
    ['another file', { ...https, 'etcd-cacert': '/dev/null' }, '/dev/null is no PEM file'],
  ]
  test.each(refused)('given %s, then it is refused before anything is written', (_what, flags, message) => {
    expect(() => etcdAccess(given(flags))).toThrow(message)
  })
})
