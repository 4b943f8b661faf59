import { isOurBridge, isOurVxlan } from '../names.js'
import type { ObservedPeers } from '../observe/index.js'

/** What the kernel has of an entry since a moment ago; without a value, it has none. See ObservedPeers. */
export interface PeerEvent {
  readonly kind: keyof ObservedPeers
  readonly key: string
  readonly value: string | undefined
}

const NEIGHBOUR = /^(Deleted )?(\S+) dev (\S+)(?: lladdr (\S+))?.* (\S+)\s*$/u
const FORWARDING = /^(Deleted )?(\S+) dev (\S+) (?:dst (\S+))?(.*)$/u

/** @param line of `ip -4 monitor neigh`; without -4 it tells of forwarding entries as if they were neighbours */
export function neighbourEvent(line: string): PeerEvent | undefined {
  const [, deleted, address, device = '', mac, state] = NEIGHBOUR.exec(line) ?? []
  if (!isOurVxlan(device) && !isOurBridge(device)) return undefined
  const isThere = deleted === undefined && state === 'PERMANENT'
  return { kind: 'neighbours', key: `${device} ${address}`, value: isThere ? mac : undefined }
}

/** @param line of `bridge monitor fdb` */
export function forwardingEvent(line: string): PeerEvent | undefined {
  const [, deleted, mac, device = '', host, rest = ''] = FORWARDING.exec(line) ?? []
  if (!isOurVxlan(device)) return undefined
  const key = `${device} ${mac}`
  const isThere = deleted === undefined
  if (host !== undefined) return { kind: 'forwarding', key, value: isThere ? host : undefined }
  if (!rest.includes('master ')) return undefined
  return { kind: 'switching', key, value: isThere && /\bstatic\b/u.test(rest) ? 'static' : undefined }
}

/** An event that is younger may be of a change of our own, which is not known to have been made yet. */
const SETTLE_MS = 500

/** What the kernel has told that is not as it was put: nearly nothing, but for what is being put at the moment. */
export class PeerDoubts {
  readonly #doubts = new Map<string, PeerEvent & { readonly at: number }>()

  /** @param known undefined while nothing is */
  note(event: PeerEvent, known: ObservedPeers | undefined, at: number): void {
    const name = `${event.kind} ${event.key}`
    if (known && agrees(event, known)) this.#doubts.delete(name)
    else this.#doubts.set(name, { ...event, at })
  }

  /** Something else is known now. */
  prune(known: ObservedPeers): void {
    for (const [name, event] of this.#doubts) if (agrees(event, known)) this.#doubts.delete(name)
  }

  clear(): void {
    this.#doubts.clear()
  }

  /** @returns what is known with what has been told since; the same object when that is nothing */
  resolve(known: ObservedPeers, now: number): ObservedPeers {
    const settled = [...this.#doubts].filter(([, { at }]) => now - at >= SETTLE_MS)
    if (settled.length === 0) return known
    const maps = {
      forwarding: new Map(known.forwarding),
      switching: new Map<string, unknown>([...known.switching.keys()].map((key) => [key, 'static'])),
      neighbours: new Map(known.neighbours),
    }
    for (const [name, { kind, key, value }] of settled) {
      this.#doubts.delete(name)
      if (value === undefined) maps[kind].delete(key)
      else maps[kind].set(key, value)
    }
    return maps
  }
}

function agrees({ kind, key, value }: PeerEvent, known: ObservedPeers): boolean {
  if (kind === 'switching') return known.switching.has(key) === (value !== undefined)
  return known[kind].get(key) === value
}
