import type { NodeVerdict, PlacementCase } from '@shoal/engine-api'
import { type ListingStyle, naturalOrder, type Row, shortId } from '../../output/index.js'

/** A line for everything that a node lacks. */
export const NODE_LISTING: ListingStyle = {
  headers: {
    Task: 'TASK',
    NodeID: 'NODE ID',
    Node: 'NODE',
    Verdict: 'VERDICT',
    Filter: 'FILTER',
    AskedFor: 'ASKED FOR',
    Found: 'FOUND',
  },
  table: '{{.Node}}\t{{.Verdict}}\t{{.AskedFor}}\t{{.Found}}',
}

/** A line for everything that several nodes lack alike. */
export const SUM_LISTING: ListingStyle = {
  headers: { Nodes: 'NODES', Verdict: 'VERDICT', AskedFor: 'ASKED FOR', Found: 'FOUND', Names: 'NAMES' },
  table: '{{.Nodes}}\t{{.Verdict}}\t{{.AskedFor}}\t{{.Found}}\t{{.Names}}',
}

/** How many things are named before the rest is only counted. */
const MOST_NAMES = 3

/** Which nodes are to be shown. */
export type NodeChoice = (node: NodeVerdict) => boolean

/**
 * One row for everything that each node lacks, and one for each node that lacks nothing.
 * @param style with `by node` only the first row of a node says whose it is
 */
export function nodeRows(each: PlacementCase, shown: NodeChoice, style: 'complete' | 'by node'): Row[] {
  const nameOf = namesOf(each.Nodes)
  return inOrder(each.Nodes.filter(shown)).flatMap((node): Row[] => {
    const shared = { Task: each.Task?.Name, NodeID: node.ID, Node: nameOf(node), Verdict: verdictOf(node) }
    if (node.Refusals.length === 0) return [shared]
    return node.Refusals.map(({ Filter, Asked, Found }, index) => ({
      ...(index === 0 || style === 'complete' ? shared : {}),
      Filter,
      AskedFor: Asked,
      Found,
    }))
  })
}

/** One row for everything that several nodes lack alike: the most promising nodes first. */
export function sumRows(each: PlacementCase): Row[] {
  const nameOf = namesOf(each.Nodes)
  return alike(each.Nodes).flatMap((nodes): Row[] => {
    const [first] = nodes
    const shared = { Nodes: nodes.length, Verdict: verdictOf(first), Names: someOf(nodes.map(nameOf)) }
    if (first.Refusals.length === 0) return [shared]
    return first.Refusals.map(({ Asked }, index) => ({
      ...(index === 0 ? shared : {}),
      AskedFor: Asked,
      Found: sumOfFound(nodes, index, nameOf),
    }))
  })
}

type Several = readonly [NodeVerdict, ...NodeVerdict[]]

/** The nodes by what they lack, whatever the figures; then as `inOrder`, many before few. */
function alike(nodes: readonly NodeVerdict[]): Several[] {
  const byKey = new Map<string, [NodeVerdict, ...NodeVerdict[]]>()
  for (const node of inOrder(nodes)) {
    const key = JSON.stringify([verdictOf(node), node.Refusals.map(({ Filter, Asked }) => [Filter, Asked])])
    const known = byKey.get(key)
    if (known) known.push(node)
    else byKey.set(key, [node])
  }
  return [...byKey.values()].sort((a, b) => byPromise(a[0], b[0]) || b.length - a.length)
}

/** What is found of the thing at `index` of the refusals: of amounts the best, of all else what there is most often. */
function sumOfFound(nodes: Several, index: number, nameOf: (node: NodeVerdict) => string): string {
  const counts = new Map<string, number>()
  for (const { Refusals } of nodes) {
    const found = Refusals[index]?.Found ?? ''
    counts.set(found, (counts.get(found) ?? 0) + 1)
  }
  const [only] = counts.keys()
  if (counts.size === 1 && only !== undefined) return only
  const amount = (node: NodeVerdict): number => node.Refusals[index]?.Amount ?? -Infinity
  const best = nodes.reduce((a, b) => (amount(b) > amount(a) ? b : a))
  if (amount(best) > -Infinity) return `at best ${best.Refusals[index]?.Found} (${nameOf(best)})`
  const frequent = [...counts].sort(([, a], [, b]) => b - a)
  return someOf(frequent.map(([found, count]) => `${found} (${count})`))
}

/** Those that would take the task, those that have it, then those that lack the least. */
function inOrder(nodes: readonly NodeVerdict[]): NodeVerdict[] {
  return [...nodes].sort((a, b) => byPromise(a, b) || naturalOrder(a.Hostname, b.Hostname))
}

function byPromise(a: NodeVerdict, b: NodeVerdict): number {
  return distance(a) - distance(b)
}

function distance({ Accepts, IsHere, Refusals }: NodeVerdict): number {
  if (IsHere) return 1
  return Accepts ? 0 : 1 + Refusals.length
}

function verdictOf({ Accepts, IsHere }: NodeVerdict): string {
  if (IsHere) return Accepts ? 'has it' : 'has it, would refuse'
  return Accepts ? 'accepts' : 'refuses'
}

/** Host names, with the ID where several nodes have the same. */
function namesOf(nodes: readonly NodeVerdict[]): (node: NodeVerdict) => string {
  const counts = new Map<string, number>()
  for (const { Hostname: name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1)
  return ({ ID, Hostname }) => ((counts.get(Hostname) ?? 0) > 1 ? `${Hostname} (${shortId(ID)})` : Hostname)
}

function someOf(texts: readonly string[]): string {
  const more = texts.length - MOST_NAMES
  const shown = texts.slice(0, MOST_NAMES).join(', ')
  return more > 0 ? `${shown}, ${more} more` : shown
}
