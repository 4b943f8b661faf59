import { BlockList, isIP } from 'node:net'
import type { Node } from '../documents/index.js'
import { isAffinity } from './affinity.js'
import { parseExpression, type Expression } from './expression.js'
import { normalArchitecture } from './platform.js'

/** What a constraint looks at. */
export type ConstrainedNode = Readonly<Pick<Node, 'ID' | 'Spec' | 'Description' | 'Status'>>

/** One parsed constraint, such as `node.labels.zone==east` or `node.hostname!=~/^old-/`. */
export interface Constraint {
  readonly text: string
  readonly key: string
  readonly operator: '==' | '!='
  /** A wish: nodes that satisfy it come first, the others are not kept out. */
  readonly isSoft: boolean
  /** Whether this node satisfies it. */
  readonly matches: (node: ConstrainedNode) => boolean
  /** What this node has for the key, in words for people. */
  readonly found: (node: ConstrainedNode) => string
}

const KEY = /^[a-z_][a-z0-9_.-]+$/i

/**
 * Parses the constraints of a placement, without the affinities among them; who matches them often keeps the result.
 * @throws InvalidDocument in Docker's words, for the first text that is no constraint
 */
export function parseConstraints(texts: readonly string[]): Constraint[] {
  return texts.filter((text) => !isAffinity(text)).map(parseConstraint)
}

/** Whether the node satisfies every one of the constraints that are no mere wishes. */
export function matchesConstraints(constraints: readonly Constraint[], node: ConstrainedNode): boolean {
  return constraints.every((constraint) => constraint.isSoft || constraint.matches(node))
}

function parseConstraint(text: string): Constraint {
  const expression = parseExpression(text, KEY)
  const { key, operator, isSoft } = expression
  const holds = testOf(expression)
  const wanted = operator === '=='
  // A key that nobody knows, or an address that is none, keeps every node out, whatever the operator says.
  const matches = holds === undefined ? () => false : (node: ConstrainedNode) => holds(node) === wanted
  return { text, key, operator, isSoft, matches, found: describerOf(key) }
}

function describerOf(key: string): (node: ConstrainedNode) => string {
  const read = readerOf(key)
  if (read === undefined) {
    const meant = key.replace(/^(node|engine)\.label\./i, '$1.labels.')
    return () => (meant === key ? 'unknown key' : `unknown key: ${meant} may be meant`)
  }
  return (node) => read(node) || 'not set'
}

/** The test whether what the key names has the value; undefined when no node has such a thing. */
function testOf({ key, value, accepts }: Expression): ((node: ConstrainedNode) => boolean) | undefined {
  if (value !== undefined && key.toLowerCase() === 'node.ip') return addressEquality(value)
  if (value !== undefined && key.toLowerCase() === 'node.platform.arch') {
    const architecture = normalArchitecture(value)
    return (node) => normalArchitecture(node.Description.Platform.Architecture ?? '') === architecture
  }
  const read = readerOf(key)
  return read && ((node) => accepts(read(node) ?? ''))
}

/** Keys are compared ignoring case, the names of labels are not. */
function readerOf(key: string): ((node: ConstrainedNode) => string | undefined) | undefined {
  const nodeLabel = labelAfter(key, 'node.labels.')
  if (nodeLabel !== undefined) return (node) => node.Spec.Labels?.[nodeLabel]
  const engineLabel = labelAfter(key, 'engine.labels.')
  if (engineLabel !== undefined) return (node) => node.Description.Engine.Labels?.[engineLabel]
  switch (key.toLowerCase()) {
    case 'node.id':
      return (node) => node.ID
    case 'node.hostname':
      return (node) => node.Description.Hostname
    case 'node.role':
      return (node) => node.Spec.Role ?? 'worker'
    case 'node.ip':
      return (node) => node.Status.Addr
    case 'node.platform.os':
      return (node) => node.Description.Platform.OS
    case 'node.platform.arch':
      return (node) => node.Description.Platform.Architecture
    default:
      return undefined
  }
}

function labelAfter(key: string, prefix: string): string | undefined {
  return key.length > prefix.length && key.slice(0, prefix.length).toLowerCase() === prefix
    ? key.slice(prefix.length)
    : undefined
}

/** `value` is an address or a network in CIDR notation. */
function addressEquality(value: string): ((node: ConstrainedNode) => boolean) | undefined {
  const [address = '', bits, ...rest] = value.split('/')
  const family = familyOf(address)
  if (family === undefined || rest.length > 0) return undefined
  const members = new BlockList()
  if (bits === undefined) members.addAddress(address, family)
  else if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv4' ? 32 : 128)) return undefined
  else members.addSubnet(address, Number(bits), family)
  return (node) => {
    const nodeFamily = familyOf(node.Status.Addr)
    return nodeFamily !== undefined && members.check(node.Status.Addr, nodeFamily)
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  return version === 4 ? 'ipv4' : 'ipv6'
}
