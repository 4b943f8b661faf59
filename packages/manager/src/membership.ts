import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newId, type Random, ShoalError } from '@shoal/common'

/** Which cluster this manager belongs to, and which node it is on. */
export interface Membership {
  readonly clusterId: string
  readonly nodeId: string
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
  const membership = { clusterId: newId(random), nodeId: newId(random) }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.tmp`, JSON.stringify(membership), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
  return membership
}

function readMembership(path: string): Membership | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const { clusterId, nodeId } = JSON.parse(text) as Partial<Membership>
  if (!clusterId || !nodeId) throw new ShoalError('failed-precondition', `${path} is damaged`)
  return { clusterId, nodeId }
}
