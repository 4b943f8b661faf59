// The part of an agent that keeps a host's network and runs its tasks, without a manager: for tests that give it
// documents by hand. Reads commands from standard input, one JSON document a line, and answers each with one:
//
//   {"documents": […], "tasks": […]}   the complete sets; answered when both are in force
//   {"remove": true}                   the host leaves: every trace goes
//
// node network-host.mjs <node ID>
import { createInterface } from 'node:readline'
import { createLogger, systemClock, systemRandom } from '@shoal/common'
import { connectDocker, DEFAULT_DOCKER } from '@shoal/agent/executor/index'
import {
  DEFAULT_DRAIN,
  DEFAULT_HOST_NETWORK,
  HostNetwork,
  runProgram,
  watchProgram,
} from '@shoal/agent/network/index'
import { MemoryAssignmentStore } from '@shoal/agent/storage/memory-store'
import { DEFAULT_WORKER, Worker } from '@shoal/agent/worker/index'

const nodeId = process.argv[2] ?? 'node'
const common = { clock: systemClock, random: systemRandom, log: createLogger('agent', 'debug') }
const node = { nodeId, clusterId: 'test', hostname: nodeId, architecture: 'x86_64', os: 'linux' }
const ended = new AbortController()
const answer = (document) => process.stdout.write(`ANSWER ${JSON.stringify(document)}\n`)

const engine = await connectDocker({ ...DEFAULT_DOCKER, ...common, node })
const network = new HostNetwork({
  ...DEFAULT_HOST_NETWORK,
  ...common,
  drain: DEFAULT_DRAIN,
  engine,
  tasks: () => worker.tasks(),
  run: runProgram,
  watch: watchProgram,
})
const worker = new Worker({
  ...DEFAULT_WORKER,
  ...common,
  executor: engine,
  networks: network,
  store: new MemoryAssignmentStore(),
  bootId: 'test',
  report: (taskId, { State, Err, Message }) => answer({ taskId, State, Err, Message }),
})
await worker.start(ended.signal)

for await (const line of createInterface({ input: process.stdin })) {
  const { documents, tasks, remove } = JSON.parse(line)
  try {
    if (tasks) await worker.replaceAll(tasks)
    if (documents) await network.replaceAll(documents)
    if (remove) await network.remove()
    answer({ done: true })
  } catch (error) {
    answer({ error: String(error) })
  }
}
ended.abort()
await worker.stopped()
await network.stop()
process.exit()
