import { argument, type Command, type Io, isOn } from '../lib/command.js'
import { waitForConvergence } from './wait.js'

export const command: Command = {
  usage: '[OPTIONS] SERVICE',
  description: "Revert changes to a service's configuration",
  examples: ['ctl service rollback web'],
  flags: [
    { name: 'detach', short: 'd', help: 'Exit immediately instead of waiting for the service to converge' },
    { name: 'quiet', short: 'q', help: 'Suppress progress output' },
  ],
  arguments: { least: 1, most: 1 },
  run: ({ args, given, io }) =>
    rollBack(io, argument(args, 0), { detach: isOn(given, 'detach'), quiet: isOn(given, 'quiet') }),
}

/** Brings a service back to its previous spec and, unless told otherwise, waits for it. */
export async function rollBack(
  io: Io,
  ref: string,
  options: { detach: boolean; quiet: boolean },
): Promise<number> {
  const client = io.client()
  const service = await client.service(ref)
  const { Warnings } = await client.updateService(service, service.Spec, { rollback: true })
  for (const warning of Warnings ?? []) io.warn(warning)
  io.print(ref)
  if (options.detach) return 0
  const goal = { name: ref, rollback: true, staleStatus: service.UpdateStatus }
  return waitForConvergence(io, ref, goal, options.quiet)
}
