import { type Clock, sleep } from '../clock.js'
import { type Random, jittered } from '../random.js'
import { BACKDATE_MS } from './certificate.js'
import { parseCertificate, validityOf } from './subject.js'

const EARLIEST = 0.5
const LATEST = 0.8
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 3_600_000

/**
 * When to renew a certificate: at a random point between 50 and 80 % of its life, as Docker does, so that
 * nodes that joined together do not all come back together.
 * @returns milliseconds since the epoch
 */
export function renewalTime(certificatePem: string, random: Random): number {
  const { notBeforeMs, notAfterMs } = validityOf(parseCertificate(certificatePem))
  const issuedMs = Math.min(notBeforeMs + BACKDATE_MS, notAfterMs)
  return issuedMs + (notAfterMs - issuedMs) * (EARLIEST + random.next() * (LATEST - EARLIEST))
}

export interface RenewalOptions {
  readonly clock: Clock
  readonly random: Random
  /** The certificate in use at this moment, PEM. */
  readonly certificate: () => string
  /** Gets another certificate and puts it to use. */
  readonly renew: () => Promise<void>
  /** Told of each attempt that failed; there will be another one, later and later. */
  readonly onFailure: (error: unknown) => void
}

/** Keeps a certificate fresh until `signal` aborts. It never rejects. */
export async function keepRenewed(options: RenewalOptions, signal: AbortSignal): Promise<void> {
  const { clock, random } = options
  let failures = 0
  while (!signal.aborted) {
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS)
    const waitMs =
      failures > 0 ? jittered(random, retryMs) : renewalTime(options.certificate(), random) - clock.now()
    await sleep(clock, waitMs, signal)
    if (signal.aborted) return
    try {
      await options.renew()
      failures = 0
    } catch (error) {
      failures++
      options.onFailure(error)
    }
  }
}
