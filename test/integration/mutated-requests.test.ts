import { expect, test } from 'vitest'
import { runMutations } from '../mutate/index.js'

const REQUESTS = 2000
/** What caches and the log of events may still take, in megabytes. */
const TOLERANCE_MB = 8

test('malformed requests are refused in Docker’s words, change nothing and leave nothing behind', async () => {
  const { requests, faults, byStatus, warm, end } = await runMutations({ requests: REQUESTS, seed: 20261121 })
  expect(faults).toEqual([])
  expect(requests).toBe(REQUESTS)
  // They got as far as they were meant to: to the reading of bodies, to names, to what is not built.
  for (const status of [200, 400, 404, 500, 501]) expect(byStatus[status] ?? 0).toBeGreaterThan(10)
  expect(end.heapMb).toBeLessThan(warm.heapMb + TOLERANCE_MB)
})
