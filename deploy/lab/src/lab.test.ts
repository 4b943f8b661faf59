import { describe, expect, test } from 'vitest'
import { checkOptions, etcdMembers } from './lab.js'

describe('what a lab is asked for', () => {
  test.each([
    [undefined, undefined, 0],
    ['embedded', undefined, 0],
    ['etcd', undefined, 1],
    ['etcd', 3, 3],
    [undefined, 3, 3],
  ])('--store %s and --etcd %s make an etcd of %i members', (store, etcd, members) => {
    expect(etcdMembers(store, etcd)).toBe(members)
  })

  test.each([
    ['embedded', 3, '--store embedded and --etcd 3 contradict each other'],
    ['etcd', 0, '--store etcd and --etcd 0 contradict each other'],
    ['redis', undefined, 'unknown store "redis": embedded or etcd'],
  ])('--store %s with --etcd %s is refused', (store, etcd, message) => {
    expect(() => etcdMembers(store, etcd)).toThrow(message)
  })

  const asked = { hosts: 3, managers: 1, etcd: 0 }
  test.each([
    [{ hosts: 0 }, '--hosts must be 1 or more'],
    [{ managers: 4, etcd: 1 }, '--managers cannot be more than --hosts'],
    [{ managers: 2 }, '--managers beyond 1 needs --etcd'],
    [{ etcd: 0.5 }, '--etcd must be 0 or more'],
    [{ diskMb: 10 }, '--disk must be 256 or more'],
  ])('%j is refused', (change, message) => {
    expect(() => checkOptions({ ...asked, ...change })).toThrow(message)
  })

  test('two managers on an etcd of three members are fine', () => {
    expect(() => checkOptions({ hosts: 3, managers: 2, etcd: 3 })).not.toThrow()
  })
})
