import { sleep, systemClock } from '@shoal/common'

const POLL_MS = 100
const DEFAULT_PATIENCE_MS = 30_000

/**
 * Waits until `probe` returns without throwing, asking again every 100 ms.
 * @returns what it returned
 * @throws what `probe` threw last, when it still does after `patienceMs` milliseconds
 */
export async function eventually<Result>(
  probe: () => Promise<Result> | Result,
  patienceMs = DEFAULT_PATIENCE_MS,
): Promise<Result> {
  const giveUpAt = systemClock.now() + patienceMs
  for (;;) {
    try {
      return await probe()
    } catch (error) {
      if (systemClock.now() > giveUpAt) throw error
    }
    await sleep(systemClock, POLL_MS)
  }
}
