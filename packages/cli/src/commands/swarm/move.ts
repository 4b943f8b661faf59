import { isDeepStrictEqual } from 'node:util'
import { ShoalError } from '@shoal/common/errors'
import type { ManagerClient, StoreInfo } from '../../client/index.js'
import { waitUntil } from '../../daemon/index.js'
import type { Command, Io } from '../lib/command.js'
import { answers } from './bring-up.js'
import { etcdAccess } from './etcd-access.js'
import { ETCD_FLAGS } from './host-flags.js'

/** A hundred thousand tasks take their time on slow disks. */
const PATIENCE_MS = 5 * 60_000

export const command: Command = {
  usage: '[OPTIONS]',
  description:
    'Move the cluster from the embedded store of its one manager to etcd. Containers go on meanwhile; the API is away for a moment.',
  examples: [
    'ctl swarm move --etcd-endpoint https://10.0.0.5:2379,https://10.0.0.6:2379 --etcd-cacert ca.pem --etcd-cert c.pem --etcd-key k.pem',
  ],
  flags: ETCD_FLAGS,
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const access = etcdAccess(given)
    const client = io.client()
    const before = await client.store()
    if (before.Kind === 'etcd') {
      if (isDeepStrictEqual([...before.Endpoints].sort(), [...access.endpoints].sort()))
        return report(before, io)
      throw new ShoalError(
        'failed-precondition',
        `the cluster keeps its state in etcd already: ${before.Endpoints.join(', ')}`,
      )
    }
    await client.moveToEtcd(access)
    const after = await untilBack(client, before, io)
    if (after.Kind !== 'etcd') {
      const reason = after.MoveFailure ?? 'the manager was started again before it was done'
      throw new ShoalError('unavailable', `the cluster is still in the embedded store: ${reason}`)
    }
    report(after, io)
  },
}

/** Waits for the manager to serve again, wherever it keeps the cluster then. */
async function untilBack(client: ManagerClient, before: StoreInfo, io: Io): Promise<StoreInfo> {
  let after: StoreInfo | undefined
  const isBack = async (): Promise<boolean> => {
    after = await client.store().catch(() => undefined)
    return after !== undefined && after.Since !== before.Since && (await answers(client))
  }
  if ((await waitUntil(isBack, io.clock, PATIENCE_MS)) && after) return after
  throw new ShoalError(
    'unavailable',
    `the manager does not answer: look at its log, and run this command again when it does`,
  )
}

function report({ Endpoints, Kept }: StoreInfo, io: Io): void {
  io.print(`The cluster keeps its state in etcd now: ${Endpoints.join(', ')}`)
  const kept = Kept.at(-1)
  if (kept !== undefined) {
    io.print(
      `The embedded store of before is kept in ${kept} on the manager's host: nothing uses it any more.`,
    )
  }
  io.print(
    "\nTo add a manager to this swarm, run 'ctl swarm join-token manager' and follow the instructions.",
  )
}
