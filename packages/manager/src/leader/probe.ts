import { connect } from 'node:net'
import { sleep, type Clock } from '@shoal/common'

/** How one attempt to reach a manager's port ended. */
export type ProbeOutcome = 'open' | 'refused' | 'silent'
export type Probe = (address: string, signal: AbortSignal) => Promise<ProbeOutcome>

const PERIOD_MS = 200
/** After a first refusal, the second look comes this soon. */
const CONFIRM_AFTER_MS = 50
const CONNECT_TIMEOUT_MS = 1_000

/**
 * Knocks at a manager's port until its host, which lives, has refused twice in a row: nobody listens there any
 * more. A host that is silent (frozen, cut off) proves nothing: only the end of its lease does.
 * @returns when it is dead, or `signal` aborts
 */
export async function untilRefused(
  address: string,
  { clock, probe }: { readonly clock: Clock; readonly probe: Probe },
  signal: AbortSignal,
): Promise<void> {
  for (let refusals = 0; !signal.aborted;) {
    refusals = (await probe(address, signal)) === 'refused' ? refusals + 1 : 0
    if (refusals >= 2) return
    await sleep(clock, refusals > 0 ? CONFIRM_AFTER_MS : PERIOD_MS, signal)
  }
}

/** Opens a TCP connection to `host:port` and closes it at once. It never rejects. */
export function probeTcp(clock: Clock): Probe {
  return (address, signal) =>
    new Promise((resolve) => {
      const colon = address.lastIndexOf(':')
      const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
      const socket = connect({ host, port: Number(address.slice(colon + 1)) })
      const finish = (outcome: ProbeOutcome): void => {
        cancelTimer()
        signal.removeEventListener('abort', giveUp)
        socket.destroy()
        resolve(outcome)
      }
      const giveUp = (): void => finish('silent')
      const cancelTimer = clock.setTimer(CONNECT_TIMEOUT_MS, giveUp)
      signal.addEventListener('abort', giveUp, { once: true })
      socket.once('connect', () => finish('open'))
      socket.on('error', ({ code }: NodeJS.ErrnoException) =>
        finish(code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'silent'),
      )
    })
}
