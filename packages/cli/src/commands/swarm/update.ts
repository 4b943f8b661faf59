import type { SwarmSpec } from '@shoal/engine-api'
import { FlagError, type GivenFlags } from '../../spec/index.js'
import { parseDuration, parseInteger, parseUint } from '../../values/index.js'
import { messageOf, ShoalError } from '@shoal/common/errors'
import { type Command, isOn } from '../lib/command.js'

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Update the swarm',
  examples: ['ctl swarm update --task-history-limit 2', 'ctl swarm update --cert-expiry 720h'],
  flags: [
    { name: 'autolock', help: 'Change manager autolocking setting (true|false)' },
    {
      name: 'cert-expiry',
      value: 'duration',
      help: 'Validity period for node certificates (ns|us|ms|s|m|h) (default 2160h0m0s)',
    },
    {
      name: 'dispatcher-heartbeat',
      value: 'duration',
      help: 'Dispatcher heartbeat period (ns|us|ms|s|m|h) (default 5s)',
    },
    {
      name: 'external-ca',
      value: 'external-ca',
      help: 'Specifications of one or more certificate signing endpoints',
    },
    { name: 'max-snapshots', value: 'uint', help: 'Number of additional Raft snapshots to retain' },
    {
      name: 'snapshot-interval',
      value: 'uint',
      help: 'Number of log entries between Raft snapshots (default 10000)',
    },
    { name: 'task-history-limit', value: 'int', help: 'Task history retention limit (default 5)' },
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    if (given.size === 0)
      throw new ShoalError('invalid-argument', "nothing to update: see 'ctl swarm update --help'")
    const client = io.client()
    const swarm = await client.swarm()
    await client.updateSwarm(swarm, changedSwarmSpec(swarm.Spec, given), {})
    io.print('Swarm updated.')
  },
}

/** The cluster's spec after the flags. What the manager does not honour is sent all the same: it answers. */
export function changedSwarmSpec(spec: SwarmSpec, given: GivenFlags): SwarmSpec {
  const value = <Value>(name: string, parse: (text: string) => Value): Value | undefined => {
    const text = given.get(name)?.at(-1)
    return text === undefined ? undefined : parseNamed(name, text, parse)
  }
  const changed = structuredClone(spec)
  const history = value('task-history-limit', parseInteger)
  const heartbeat = value('dispatcher-heartbeat', parseDuration)
  const expiry = value('cert-expiry', parseDuration)
  const snapshots = value('max-snapshots', parseUint)
  const interval = value('snapshot-interval', parseUint)
  if (history !== undefined)
    changed.Orchestration = { ...changed.Orchestration, TaskHistoryRetentionLimit: history }
  if (heartbeat !== undefined) changed.Dispatcher = { ...changed.Dispatcher, HeartbeatPeriod: heartbeat }
  if (expiry !== undefined) changed.CAConfig = { ...changed.CAConfig, NodeCertExpiry: expiry }
  if (snapshots !== undefined) changed.Raft = { ...changed.Raft, KeepOldSnapshots: snapshots }
  if (interval !== undefined) changed.Raft = { ...changed.Raft, SnapshotInterval: interval }
  if (given.has('autolock')) changed.EncryptionConfig = { AutoLockManagers: isOn(given, 'autolock') }
  const authorities = given
    .get('external-ca')
    ?.map((text) => parseNamed('external-ca', text, parseExternalCa))
  if (authorities !== undefined) changed.CAConfig = { ...changed.CAConfig, ExternalCAs: authorities }
  return changed
}

function parseNamed<Value>(name: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text)
  } catch (error) {
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: ${messageOf(error)}`)
  }
}

function parseExternalCa(text: string): { Protocol: string; URL: string } {
  const fields = Object.fromEntries(text.split(',').map((field) => field.split('=', 2)))
  const { protocol, url } = fields as { protocol?: string; url?: string }
  if (protocol === undefined)
    throw new ShoalError('invalid-argument', 'the external-ca option needs a protocol= parameter')
  if (url === undefined)
    throw new ShoalError('invalid-argument', 'the external-ca option needs a url= parameter')
  return { Protocol: protocol, URL: url }
}
