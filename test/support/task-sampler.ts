import { sleep, systemClock } from '@shoal/common'
import type { Task } from '@shoal/engine-api'
import type { ApiClient } from './api-client.js'

/** The tasks of a service at one moment. */
export interface Sample {
  readonly atMs: number
  readonly tasks: readonly Task[]
}

/** Looks at the tasks of a service again and again while `work` goes on. @returns what it saw, oldest first */
export async function sampleTasks(
  api: ApiClient,
  service: string,
  periodMs: number,
  work: () => Promise<unknown>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  const ending = new AbortController()
  const looking = (async () => {
    while (!ending.signal.aborted) {
      samples.push({ tasks: await api.tasks(service), atMs: systemClock.now() })
      await sleep(systemClock, periodMs)
    }
  })()
  try {
    await work()
  } finally {
    ending.abort()
    await looking
  }
  return samples
}
