import { mkdir, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'

/**
 * Does the work with both of Node's profilers running, and writes what they saw to `<dir>/<name>.cpuprofile` and
 * `<dir>/<name>.heapprofile`, which Chrome's developer tools open. The work gets slower by it.
 */
export async function profiled<Outcome>(
  dir: string,
  name: string,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await session.post('HeapProfiler.startSampling')
  try {
    return await work()
  } finally {
    const cpu = await session.post('Profiler.stop')
    const heap = await session.post('HeapProfiler.stopSampling')
    session.disconnect()
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, `${name}.cpuprofile`), JSON.stringify(cpu.profile))
    await writeFile(join(dir, `${name}.heapprofile`), JSON.stringify(heap.profile))
  }
}
