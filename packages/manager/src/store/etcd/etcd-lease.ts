import { ShoalError, sleep, type CancelTimer } from '@shoal/common'
import { EtcdLeaseInvalidError, type Etcd3, type ILeaseKeepAliveResponse } from 'etcd3'
import type { Lease } from '../contract.js'
import type { StoreDeps } from '../open.js'
import { toStoreError } from './client.js'

export interface LeaseDeps extends StoreDeps {
  readonly client: Etcd3
  /** Aborts when the store is closed. */
  readonly closed: AbortSignal
}

const RETRY_DELAY_MS = 200

/**
 * Keeps one lease alive. It counts as lost when etcd says so, and already when its time has passed since the
 * last beat that etcd answered was sent: by etcd's clock it may end then. (etcd3's own lease trusts it twice as long.)
 */
export class EtcdLease implements Lease {
  readonly id: string
  readonly #deps: LeaseDeps
  readonly #ttlMs: number
  readonly #ended = new AbortController()
  #cancelExpiry: CancelTimer = () => undefined

  /** @param grantedAtMs when the lease was asked for, in milliseconds since the epoch */
  constructor(deps: LeaseDeps, id: string, ttlMs: number, grantedAtMs: number) {
    this.id = id
    this.#deps = deps
    this.#ttlMs = ttlMs
    deps.closed.addEventListener('abort', this.#onClosed, { once: true })
    this.#aliveSince(grantedAtMs)
    void this.#keepAlive()
  }

  get lost(): AbortSignal {
    return this.#ended.signal
  }

  async revoke(): Promise<void> {
    this.#end('it was revoked')
    try {
      await this.#deps.client.leaseClient.leaseRevoke({ ID: this.id })
    } catch (error) {
      if (!(error instanceof EtcdLeaseInvalidError)) throw toStoreError(error)
    }
  }

  readonly #onClosed = (): void => this.#end('the store was closed')

  async #keepAlive(): Promise<void> {
    const { clock, log } = this.#deps
    let waitMs = this.#ttlMs / 3
    for (;;) {
      await sleep(clock, waitMs, this.lost)
      if (this.lost.aborted) return
      const sentAtMs = clock.now()
      try {
        const { TTL } = await this.#beat()
        if (Number(TTL) <= 0) this.#end('it has expired')
        else this.#aliveSince(sentAtMs)
        waitMs = this.#ttlMs / 3
      } catch (error) {
        if (this.lost.aborted) return
        log.warn({ err: error, lease: this.id }, 'could not keep the lease alive, trying again')
        waitMs = RETRY_DELAY_MS
      }
    }
  }

  async #beat(): Promise<ILeaseKeepAliveResponse> {
    const stream = await this.#deps.client.leaseClient.leaseKeepAlive()
    const done = new AbortController()
    try {
      return await new Promise<ILeaseKeepAliveResponse>((resolve, reject) => {
        stream.on('data', resolve)
        stream.on('error', reject)
        stream.on('end', () => reject(new ShoalError('unavailable', 'etcd ended the stream')))
        const giveUp = (): void => reject(new ShoalError('unavailable', 'etcd did not answer in time'))
        const timeout = AbortSignal.any([done.signal, this.lost])
        void sleep(this.#deps.clock, this.#ttlMs / 3, timeout).then(giveUp)
        stream.write({ ID: this.id })
      })
    } finally {
      done.abort()
      // Ended first: etcd3 takes the cancellation of a stream that is still open for a failure of the host.
      stream.end()
      stream.cancel()
    }
  }

  #aliveSince(sentAtMs: number): void {
    const { clock } = this.#deps
    this.#cancelExpiry()
    if (this.lost.aborted) return
    this.#cancelExpiry = clock.setTimer(sentAtMs + this.#ttlMs - clock.now(), () =>
      this.#end('etcd did not confirm it in time'),
    )
  }

  #end(reason: string): void {
    this.#cancelExpiry()
    this.#deps.closed.removeEventListener('abort', this.#onClosed)
    this.#ended.abort(new ShoalError('failed-precondition', `the lease has ended: ${reason}`))
  }
}
