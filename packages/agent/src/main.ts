/** The agent's process: `node main.js --config <file> [--ctl <ctl's main module>]`. */
import { createLogger, messageOf, systemClock, systemRandom } from '@shoal/common'
import { orExit, readArguments } from '@shoal/common/program'
import { removeTasks, startAgent, type AgentParts } from './agent.js'
import { readAgentConfig } from './config.js'
import { RunFiles } from './run-files.js'

const COMMAND_LINE = {
  usage: 'agent --config <file> [--ctl <file>]',
  required: ['config'],
  optional: ['ctl'],
} as const

const given = orExit(() => readArguments(COMMAND_LINE, process.argv.slice(2)))
const config = orExit(() => readAgentConfig(given.config))
const log = createLogger('agent', config.logLevel)
const files = new RunFiles(config.runDir)
const stopping = new AbortController()
const parts: AgentParts = {
  config,
  ...(given.ctl !== undefined && { ctl: given.ctl }),
  clock: systemClock,
  random: systemRandom,
  log,
  signal: stopping.signal,
}

/** Runs until it is told to end. @returns the exit code */
async function main(): Promise<number> {
  files.writePid()
  if (files.isLeaving()) {
    await removeTasks(parts)
    return 0
  }
  const asked = new Promise<string>((resolve) => {
    // Whoever asks twice gets no other end: a second signal without a handler would kill the process.
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve)
  })
  void asked.then(() => setImmediate(() => !files.isLeaving() && stopping.abort()))
  const agent = await startAgent(parts)
  files.writeState({ state: 'joined', nodeId: agent.nodeId })
  log.info({ node: agent.nodeId }, 'the agent runs')
  const signal = await asked
  log.info({ signal, leaving: files.isLeaving() }, 'the agent ends')
  if (files.isLeaving()) await agent.leave()
  stopping.abort()
  await agent.stopped()
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  log.fatal({ err: error }, 'the agent cannot run')
  files.writeState({ state: 'failed', message: messageOf(error) })
  process.exitCode = 1
} finally {
  stopping.abort()
  files.removePid()
}
process.exit()
