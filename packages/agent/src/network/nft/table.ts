import { changedKeys } from '../changed-keys.js'
import { TABLE } from '../names.js'
import { skeleton } from './skeleton.js'
import {
  SETS,
  SLOT_SETS,
  type Chain,
  type Element,
  type Fragment,
  type NftState,
  type SetName,
} from './state.js'

/** What our table holds, as far as we know: we have put it there. */
export interface TableState {
  readonly holds: NftState
  /** Slots that nobody picks any more, by their identity, until they are swept. */
  readonly stale: ReadonlyMap<string, Element>
}

export interface Transition {
  /** One transaction for `nft -f -`; empty when there is nothing to do. */
  readonly text: string
  /** What the table holds when it has succeeded. */
  readonly table: TableState
  /** Addresses that got new connections and get none any more. */
  readonly departed: readonly string[]
}

/** The whole table, in place: whatever it was before, this is what it holds then. Chains that are too many stay. */
export function reload(state: NftState): Transition {
  const fragments = [...state.values()]
  const text =
    skeleton() +
    Object.entries(SETS)
      .map(([name, kind]) => `flush ${kind} ip ${TABLE} ${name}\n`)
      .join('') +
    fragments.flatMap(({ chains }) => chains.map(fill)).join('') +
    elementCommands(
      'add',
      fragments.flatMap(({ elements }) => elements),
    )
  return { text, table: { holds: state, stale: new Map() }, departed: [] }
}

/** From what the table holds to what it shall hold, as a difference. */
export function transition(from: TableState, to: NftState): Transition {
  const changed = changedKeys(from.holds, to)
  const before = changed.flatMap((key) => from.holds.get(key) ?? [])
  const after = changed.flatMap((key) => to.get(key) ?? [])
  const [had, has] = [elementsOf(before), elementsOf(after)]
  const stale = new Map(from.stale)
  const [remove, add]: [Element[], Element[]] = [[], []]
  for (const [id, element] of had) {
    if (has.has(id)) continue
    if (SLOT_SETS.has(element.set)) stale.set(id, element)
    else remove.push(element)
  }
  for (const [id, element] of has) {
    const present = had.get(id) ?? stale.get(id)
    stale.delete(id)
    if (present && present.value === element.value) continue
    if (present) remove.push(present)
    add.push(element)
  }
  const chains = chainChanges(before, after)
  const text = chains.fill + elementCommands('delete', remove) + elementCommands('add', add) + chains.drop
  return { text, table: { holds: to, stale }, departed: departures(before, after) }
}

/** Takes the slots out that were left for packets on their way; for a moment after the transition. */
export function sweep(from: TableState): Pick<Transition, 'text' | 'table'> {
  return {
    text: elementCommands('delete', [...from.stale.values()]),
    table: { holds: from.holds, stale: new Map() },
  }
}

/** Deletes chains of which nothing is left but their names; for after a reload. */
export function dropChains(names: readonly string[]): string {
  return names.map(drop).join('')
}

function elementsOf(fragments: readonly Fragment[]): Map<string, Element> {
  return new Map(
    fragments.flatMap(({ elements }) =>
      elements.map((element): [string, Element] => [`${element.set} ${element.key}`, element]),
    ),
  )
}

function chainChanges(
  before: readonly Fragment[],
  after: readonly Fragment[],
): { fill: string; drop: string } {
  const had = chainsOf(before)
  const has = chainsOf(after)
  const same = (chain: Chain): boolean => had.get(chain.name)?.rules.join('\n') === chain.rules.join('\n')
  return {
    fill: [...has.values()]
      .filter((chain) => !same(chain))
      .map(fill)
      .join(''),
    drop: [...had.keys()]
      .filter((name) => !has.has(name))
      .map(drop)
      .join(''),
  }
}

function chainsOf(fragments: readonly Fragment[]): Map<string, Chain> {
  return new Map(
    fragments.flatMap(({ chains }) => chains.map((chain): [string, Chain] => [chain.name, chain])),
  )
}

function departures(before: readonly Fragment[], after: readonly Fragment[]): string[] {
  const stay = new Set(after.flatMap(({ targets }) => targets))
  return [...new Set(before.flatMap(({ targets }) => targets))].filter((address) => !stay.has(address))
}

function fill({ name, rules }: Chain): string {
  const lines = [`add chain ip ${TABLE} ${name}`, `flush chain ip ${TABLE} ${name}`]
  return [...lines, ...rules.map((rule) => `add rule ip ${TABLE} ${name} ${rule}`), ''].join('\n')
}

function drop(name: string): string {
  return `flush chain ip ${TABLE} ${name}\ndelete chain ip ${TABLE} ${name}\n`
}

/** One command per set: nft takes thousands of elements at once, but its time per command adds up. */
function elementCommands(verb: 'add' | 'delete', list: readonly Element[]): string {
  const bySet = new Map<SetName, string[]>()
  for (const { set, key, value } of list) {
    const texts = bySet.get(set) ?? []
    bySet.set(set, texts)
    texts.push(value === undefined || verb === 'delete' ? key : `${key} : ${value}`)
  }
  return [...bySet]
    .map(([set, texts]) => `${verb} element ip ${TABLE} ${set} { ${texts.join(', ')} }\n`)
    .join('')
}
