// Runs on a lab host: creates and starts containers straight through dockerode, as fast as the engine can.
// Reads lines `<count> <concurrency> <already there>` from standard input, answers each with `done <ms>`.
import { createInterface } from 'node:readline'
import Docker from 'dockerode'

const FLOOR_LABEL = 'io.shoal.bench.floor'
const docker = new Docker({ socketPath: '/var/run/docker.sock' })

async function startOne(image: string): Promise<void> {
  const container = await docker.createContainer({ Image: image, Labels: { [FLOOR_LABEL]: '1' } })
  await container.start()
}

async function startMany(count: number, concurrency: number, image: string): Promise<void> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) await startOne(image)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}

async function removeAll(): Promise<void> {
  const all = await docker.listContainers({ all: true, filters: { label: [FLOOR_LABEL] } })
  await Promise.all(all.map(({ Id }) => docker.getContainer(Id).remove({ force: true })))
}

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count, concurrency, image] = line.split(' ')
  const startedAt = performance.now()
  if (command === 'start') await startMany(Number(count), Number(concurrency), image!)
  else await removeAll()
  console.log(`done ${performance.now() - startedAt}`)
}
