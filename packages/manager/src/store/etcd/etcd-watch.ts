import { jittered, messageOf, ShoalError, sleep } from '@shoal/common'
import type { Etcd3, IEvent, IWatchResponse } from 'etcd3'
import type { StoreEvent, WatchBatch } from '../contract.js'
import type { StoreDeps } from '../open.js'
import { rangeOf } from './client.js'

export interface WatchDeps extends StoreDeps {
  readonly client: Etcd3
}

const RETRY_DELAY_MS = 400

/**
 * Watches over one stream after the other, each from the revision after the last one that was told. (etcd3's
 * own watcher continues from the revision at which it connected: what it had still to catch up with is lost
 * when the connection breaks meanwhile.)
 */
export async function* watchEtcd(
  deps: WatchDeps,
  prefix: string,
  afterRevision: number,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch> {
  let seen = afterRevision
  while (!signal.aborted) {
    try {
      for await (const response of watchOnce(deps.client, prefix, seen, signal)) {
        if (Number(response.compact_revision) > 0) {
          yield { type: 'compacted' }
          return
        }
        if (response.canceled)
          throw new ShoalError('unavailable', `etcd ended the watch: ${response.cancel_reason}`)
        // The revision of the answer to the creation says nothing: what lies before it is still to come.
        if (response.created) continue
        for (const batch of batchesOf(response)) {
          seen = batch.revision
          yield batch
        }
        seen = Math.max(seen, progressOf(response))
      }
    } catch (error) {
      if (signal.aborted) return
      deps.log.warn(
        { prefix, revision: seen, reason: messageOf(error) },
        'lost the watch on etcd, trying again',
      )
    }
    await sleep(deps.clock, jittered(deps.random, RETRY_DELAY_MS), signal)
  }
}

/** The answers of one stream, until it ends; it is given up when the caller stops listening. */
async function* watchOnce(
  client: Etcd3,
  prefix: string,
  afterRevision: number,
  signal: AbortSignal,
): AsyncGenerator<IWatchResponse> {
  const stream = await client.watchClient.watch()
  const cancel = (): void => {
    // Ended first: etcd3 takes the cancellation of a stream that is still open for a failure of the host.
    stream.end()
    stream.cancel()
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    if (signal.aborted) return
    stream.write({
      create_request: { ...rangeOf(prefix), start_revision: afterRevision + 1, progress_notify: true },
    })
    // etcd3's type does not tell that a gRPC stream is Node's stream; read so, it waits for slow readers.
    yield* stream as unknown as AsyncIterable<IWatchResponse>
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** A response without events says that all up to its revision has been told. */
function progressOf({ events, header }: IWatchResponse): number {
  return events.length === 0 ? Number(header.revision) : 0
}

function batchesOf({ events }: IWatchResponse): { type: 'events'; revision: number; events: StoreEvent[] }[] {
  const batches: { type: 'events'; revision: number; events: StoreEvent[] }[] = []
  for (const event of events.map(toStoreEvent)) {
    const latest = batches.at(-1)
    if (latest?.revision === event.revision) latest.events.push(event)
    else batches.push({ type: 'events', revision: event.revision, events: [event] })
  }
  return batches
}

function toStoreEvent({ type, kv }: IEvent): StoreEvent {
  const key = kv.key.toString()
  const revision = Number(kv.mod_revision)
  // The protocol's names are in capitals, the types of etcd3 are not.
  return type.toLowerCase() === 'delete'
    ? { type: 'delete', key, revision }
    : { type: 'put', key, value: kv.value.toString(), revision }
}
