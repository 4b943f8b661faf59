import { describe, expect, test } from 'vitest'
import { decideRole } from './decide.js'

const setup = {
  clusterId: 'c',
  etcdEndpoints: ['https://e:2379'],
  etcdCa: '',
  etcdCertificate: '',
  etcdKey: '',
  sealKey: 'k',
}
const promoted = { isManager: true, setup }
const worker = { isManager: false, setup: null }

describe('what a host does to be what its node is to be', () => {
  test('a promoted worker gets a manager, which needs no other certificate of the agent', () => {
    expect(decideRole(promoted, { hasManager: false, certificate: 'worker' })).toEqual({
      type: 'start-manager',
      setup,
    })
    expect(decideRole(promoted, { hasManager: true, certificate: 'worker' })).toEqual({ type: 'rest' })
  })

  test('the one manager of an embedded store is told no setup, and needs none', () => {
    const role = { isManager: true, setup: null }
    expect(decideRole(role, { hasManager: true, certificate: 'worker' })).toEqual({ type: 'rest' })
    expect(decideRole(role, { hasManager: false, certificate: 'worker' })).toEqual({ type: 'rest' })
  })

  test('a demoted manager ends first; then the agent lets go of a certificate that says more than it is', () => {
    expect(decideRole(worker, { hasManager: true, certificate: 'manager' })).toEqual({ type: 'end-manager' })
    expect(decideRole(worker, { hasManager: false, certificate: 'manager' })).toEqual({
      type: 'renew-certificate',
    })
    expect(decideRole(worker, { hasManager: false, certificate: 'worker' })).toEqual({ type: 'rest' })
  })
})
