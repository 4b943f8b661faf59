import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newId, type Random, randomOctets, ShoalError } from '@shoal/common'
import { SEAL_KEY_BYTES } from './store/index.js'

/** Which cluster this manager belongs to, and which node it is on. */
export interface Membership {
  readonly clusterId: string
  readonly nodeId: string
  /** Base64. What is confidential in the store is sealed with it; every manager of the cluster has the same. */
  readonly sealKey: string
}

/**
 * Reads the manager's membership; makes a new one when there is none and `initialise` allows it.
 * @throws ShoalError `failed-precondition` when there is none and none may be made
 */
export function openMembership(path: string, initialise: boolean, random: Random): Membership {
  const stored = readMembership(path)
  if (stored) return stored
  if (!initialise) {
    throw new ShoalError('failed-precondition', `${path} is missing: this host is no manager of any cluster`)
  }
  const membership = { clusterId: newId(random), nodeId: newId(random), sealKey: newSealKey(random) }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.tmp`, JSON.stringify(membership), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
  return membership
}

export function newSealKey(random: Random): string {
  return randomOctets(random, SEAL_KEY_BYTES).toString('base64')
}

function readMembership(path: string): Membership | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const { clusterId, nodeId, sealKey = '' } = JSON.parse(text) as Partial<Membership>
  const isKey = Buffer.from(sealKey, 'base64').length === SEAL_KEY_BYTES
  if (!clusterId || !nodeId || !isKey) throw new ShoalError('failed-precondition', `${path} is damaged`)
  return { clusterId, nodeId, sealKey }
}
