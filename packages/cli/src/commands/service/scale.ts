import { messageOf, ShoalError } from '@shoal/common/errors'
import type { Service, ServiceMode, UpdateStatus } from '@shoal/engine-api'
import type { ManagerClient } from '../../client/index.js'
import { parseUint } from '../../values/index.js'
import { type Command, isOn } from '../lib/command.js'
import { waitForConvergence } from './wait.js'

interface Target {
  ref: string
  /** As it was typed. */
  replicas: string
}

interface Scaled {
  ref: string
  staleStatus: UpdateStatus | undefined
}

export const command: Command = {
  usage: 'SERVICE=REPLICAS [SERVICE=REPLICAS...]',
  description: 'Scale one or multiple replicated services',
  examples: ['ctl service scale web=5', 'ctl service scale web=5 api=2'],
  flags: [
    { name: 'detach', short: 'd', help: 'Exit immediately instead of waiting for the service to converge' },
  ],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const failures: string[] = []
    const scaled: Scaled[] = []
    for (const { ref, replicas } of args.map(parseTarget)) {
      try {
        const service = await scale(client, ref, replicas, (warning) => io.warn(warning))
        io.print(`${ref} scaled to ${replicas}`)
        scaled.push({ ref, staleStatus: service.UpdateStatus })
      } catch (error) {
        failures.push(`${ref}: ${messageOf(error)}`)
      }
    }
    let code = 0
    for (const { ref, staleStatus } of isOn(given, 'detach') ? [] : scaled) {
      try {
        code ||= await waitForConvergence(io, ref, { name: ref, staleStatus }, false)
      } catch (error) {
        failures.push(`${ref}: ${messageOf(error)}`)
      }
    }
    if (failures.length > 0) throw new ShoalError('failed-precondition', failures.join('\n'))
    return code
  },
}

/** Takes `web=5` apart. */
export function parseTarget(text: string): Target {
  const equals = text.indexOf('=')
  const target = { ref: text.slice(0, Math.max(equals, 0)), replicas: text.slice(equals + 1) }
  if (target.ref === '' || target.replicas === '') {
    throw new ShoalError(
      'invalid-argument',
      `invalid scale specifier '${text}'.
See 'ctl service scale --help'.

Usage:  ctl service scale SERVICE=REPLICAS [SERVICE=REPLICAS...]

Scale one or multiple replicated services`,
    )
  }
  return target
}

async function scale(
  client: ManagerClient,
  ref: string,
  replicasText: string,
  warn: (warning: string) => void,
): Promise<Service> {
  const replicas = parseReplicas(replicasText)
  const service = await client.service(ref)
  const Mode = scaledMode(service.Spec.Mode ?? {}, replicas)
  const { Warnings } = await client.updateService(service, { ...service.Spec, Mode })
  for (const warning of Warnings ?? []) warn(warning)
  return service
}

function parseReplicas(text: string): number {
  try {
    return parseUint(text)
  } catch (error) {
    throw new ShoalError('invalid-argument', `invalid replicas value ${text}: ${messageOf(error)}`)
  }
}

function scaledMode(mode: ServiceMode, replicas: number): ServiceMode {
  if (mode.Replicated) return { Replicated: { Replicas: replicas } }
  if (mode.ReplicatedJob) return { ReplicatedJob: { ...mode.ReplicatedJob, TotalCompletions: replicas } }
  throw new ShoalError('invalid-argument', 'scale can only be used with replicated or replicated-job mode')
}
