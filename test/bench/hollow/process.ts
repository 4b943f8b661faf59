/** A process of hollow agents: started by `Fleet`, told what to do by messages, ends with its parent. */
import { setPriority } from 'node:os'
import { sleep, systemClock } from '@shoal/common'
import { type Identity, issueCertificate, keyPairOf } from '@shoal/common/tls/index'
import { HollowAgent } from './agent.js'
import type { StartAgents, Tally, ToAgents } from './messages.js'

const VALIDITY_MS = 24 * 60 * 60 * 1000

/** Agents are other machines, which do not take the manager's time from it: here at least they give way. */
const GIVING_WAY = 10
setPriority(GIVING_WAY)

const agents: HollowAgent[] = []
const life = new AbortController()

async function start(order: StartAgents, firstNumber: number): Promise<void> {
  const { publicKey } = keyPairOf(order.agentKey)
  const root = { certificatePem: order.rootCertificate, keyPem: order.rootKey }
  const identityOf = (nodeId: string): Identity => ({
    keyPem: order.agentKey,
    rootsPem: order.rootCertificate,
    certificatePem: issueCertificate({
      root,
      publicKey,
      subject: { nodeId, role: 'worker', clusterId: order.clusterId },
      nowMs: systemClock.now(),
      validityMs: VALIDITY_MS,
    }),
  })
  for (const [index, nodeId] of order.nodeIds.entries()) {
    const agent = new HollowAgent(firstNumber + index, identityOf(nodeId), order.managers)
    agents.push(agent)
    void agent.run(life.signal)
    await sleep(systemClock, order.everyMs, life.signal)
  }
}

function tally(): Tally {
  let [connected, running, sessions] = [0, 0, 0]
  for (const agent of agents) {
    if (agent.connected) connected++
    running += agent.worker.running
    sessions += agent.sessions
  }
  return { connected, running, sessions, memory: process.memoryUsage.rss() }
}

process.on('message', (message: ToAgents) => {
  if (message.kind === 'start') void start(message, Number(process.argv[2] ?? 0))
  else process.send?.(tally())
})
process.on('disconnect', () => process.exit())
