import type { Io } from '../commands/lib/command.js'

/** Kinds of words that only somebody else knows. */
export type NameKind =
  | 'config'
  | 'container'
  | 'context'
  | 'network'
  | 'node'
  | 'secret'
  | 'service'
  | 'stack'

const STACK_LABEL = 'com.docker.stack.namespace'
/** Nobody waits longer for a key that is pressed. */
const PATIENCE_MS = 2000

type Lister = (io: Io) => Promise<readonly string[]>

const LISTERS: Readonly<Record<NameKind, Lister>> = {
  config: async (io) => (await io.client().storedFiles('config')).map(({ Spec }) => Spec.Name ?? ''),
  container: async (io) => {
    const containers = await io.client().containers.list({ all: false })
    return containers.map(({ Names }) => (Names[0] ?? '').split('/').at(-1) ?? '').map(slotName)
  },
  context: (io) => Promise.resolve(['default', ...io.contexts().names()]),
  network: async (io) => (await io.client().networks()).map(({ Name }) => Name),
  node: async (io) => (await io.client().nodes()).map(({ Description }) => Description.Hostname),
  secret: async (io) => (await io.client().storedFiles('secret')).map(({ Spec }) => Spec.Name ?? ''),
  service: async (io) => (await io.client().services()).map(({ Spec }) => Spec.Name ?? ''),
  stack: async (io) => {
    const services = await io.client().services({ label: [STACK_LABEL] })
    return services.map(({ Spec }) => Spec.Labels?.[STACK_LABEL] ?? '')
  },
}

/** The names of one kind, sorted; none when they cannot be had at once. */
export async function namesOf(kind: NameKind, io: Io): Promise<readonly string[]> {
  let cancel = (): void => undefined
  const tooLate = new Promise<readonly string[]>((resolve) => {
    cancel = io.clock.setTimer(PATIENCE_MS, () => resolve([]))
  })
  try {
    const names = await Promise.race([LISTERS[kind](io), tooLate])
    return [...new Set(names)].filter((name) => name !== '').sort()
  } catch {
    // A shell has no place for an error while a word is typed.
    return []
  } finally {
    cancel()
  }
}

/** `web.1` for `web.1.<task>`: what users call the container that runs in a slot. */
function slotName(name: string): string {
  return name.replace(/^(.+\.\d+)\.[0-9a-z]{25}$/, '$1')
}
