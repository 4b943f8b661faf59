import type { Clock } from '@shoal/common'

/** How long one request waits for a primary. */
export interface Patience {
  /** Aborts when it has waited for long enough, and when its client has left. */
  readonly signal: AbortSignal
  /** Begins anew. */
  renew(): void
  end(): void
}

interface Client {
  readonly destroyed: boolean
  once(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}

/** @param patienceMs in milliseconds */
export function patienceOf(client: Client, patienceMs: number, clock: Clock): Patience {
  let waiting = new AbortController()
  let cancel = (): void => undefined
  const leave = (): void => waiting.abort()
  const arm = (): void => {
    cancel()
    waiting = new AbortController()
    if (client.destroyed) waiting.abort()
    else cancel = clock.setTimer(patienceMs, leave)
  }
  arm()
  client.once('close', leave)
  return {
    get signal() {
      return waiting.signal
    },
    renew: arm,
    end: () => {
      cancel()
      client.off('close', leave)
    },
  }
}
