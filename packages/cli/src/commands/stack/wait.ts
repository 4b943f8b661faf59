import { messageOf, ShoalError } from '@shoal/common/errors'
import { type ProgressLine, quietScreen, type Screen, waitForService } from '../../progress/index.js'
import type { Io } from '../lib/command.js'
import type { Changed } from './carry-out.js'

/** As a shell reports a command that ctrl-C ended. */
const INTERRUPTED = 130

/**
 * Waits for several services at once and shows a line of each.
 * @returns 0 when all have converged, 130 when the user would not wait
 * @throws failed-precondition with what failed, when the others have ended too
 */
export async function waitForAll(services: readonly Changed[], io: Io, quiet: boolean): Promise<number> {
  const client = io.client()
  const screenOf = quiet ? () => quietScreen : sharedScreen(io.screen())
  const source = {
    service: (ref: string) => client.service(ref),
    tasks: (filters: Record<string, string[]>) => client.tasks(filters),
    nodes: () => client.nodes(),
  }
  const outcomes = await io.untilInterrupted((signal) =>
    Promise.allSettled(
      services.map((service) => {
        const tools = { source, screen: screenOf(service.name), clock: io.clock, signal }
        return waitForService(service.id, service, tools)
      }),
    ),
  )
  const failures = outcomes.flatMap((outcome, index) => {
    const name = services[index]?.name ?? ''
    if (outcome.status === 'rejected') return [`${name}: ${messageOf(outcome.reason)}`]
    return outcome.value.kind === 'failed' ? [`${name}: ${outcome.value.message}`] : []
  })
  if (failures.length > 0) throw new ShoalError('failed-precondition', failures.join('\n'))
  const gaveUp = outcomes.some(
    (outcome) => outcome.status === 'fulfilled' && outcome.value.kind === 'interrupted',
  )
  if (!gaveUp) return 0
  io.print('Operation continuing in background.')
  return INTERRUPTED
}

/** Makes one screen of many: what each service has to say in a line, and why tasks of it are stuck. */
function sharedScreen(screen: Screen): (name: string) => Screen {
  const said = new Map<string, ProgressLine[]>()
  return (name) => {
    said.set(name, [])
    return {
      show(lines) {
        const now = lines.findLast(({ id }) => id === 'verify') ?? lines.find(({ id }) => id === 'overall')
        const why = lines.filter(({ id }) => id.startsWith('why '))
        const shown = [...(now ? [now] : []), ...why].map(({ id, text }) => ({
          id: `${name} ${id.startsWith('why ') ? id : ''}`,
          text: `${name}: ${text.trim()}`,
          optional: true,
        }))
        said.set(name, shown)
        screen.show([...said.values()].flat())
      },
    }
  }
}
