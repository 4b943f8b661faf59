import { ShoalError, messageOf, type Clock } from '@shoal/common'
import {
  Etcd3,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCInvalidArgumentError,
  isRecoverableError,
  type IOptions,
} from 'etcd3'

export interface EtcdConfig {
  readonly kind: 'etcd'
  /** `https://host:port` (or `http://` for tests), one or more members of one etcd cluster. */
  readonly endpoints: readonly string[]
  /** PEM: who signed etcd's certificates, and the certificate and key that this manager shows to etcd. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** How long a call may take before its outcome counts as unknown. */
const CALL_TIMEOUT_MS = 5000
/**
 * The same for a transaction. One that waits for a member that is gone waits in vain, for longer than the others need
 * to choose a leader; what became of it is found out, so that giving up early costs nothing.
 */
const TRANSACTION_TIMEOUT_MS = 2000
/** How long an endpoint is left alone after it failed, when there are others. */
const ENDPOINT_REST_MS = 1000

type FaultHandling = NonNullable<IOptions['faultHandling']>
type Policy = NonNullable<FaultHandling['global']>

/**
 * A client that never repeats a call by itself, as etcd3 does by default: a transaction whose first attempt
 * did arrive would lose its compare on the second, and be told as lost although it is stored.
 */
export function createClient(config: EtcdConfig, clock: Clock): Etcd3 {
  checkConfig(config)
  const alone = config.endpoints.length === 1
  return new Etcd3({
    hosts: [...config.endpoints],
    ...(config.ca !== undefined && { credentials: credentialsOf(config, config.ca) }),
    defaultCallOptions: ({ isStream, method }) => {
      const timeoutMs = method === 'txn' ? TRANSACTION_TIMEOUT_MS : CALL_TIMEOUT_MS
      return isStream ? {} : { deadline: clock.now() + timeoutMs }
    },
    faultHandling: {
      global: policy(callOnce),
      host: () => (alone ? policy(callOnce) : restAfterFailure(clock)),
    },
    grpcOptions: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      // A host that vanished without a word is noticed after 15 seconds; etcd allows a ping every 5.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5000,
      'grpc.max_receive_message_length': -1,
    },
  })
}

/** etcd3 would leave out, or use without TLS, what does not fit together. */
function checkConfig({ endpoints, ca, cert, key }: EtcdConfig): void {
  const refuse = (message: string): never => {
    throw new ShoalError('invalid-argument', message)
  }
  if (endpoints.length === 0) refuse('etcd needs at least one endpoint')
  if ((cert === undefined) !== (key === undefined))
    refuse("etcd's client certificate and its key go together")
  if (cert !== undefined && ca === undefined) refuse('a client certificate for etcd needs its authority')
  const isSecure = (endpoint: string): boolean => endpoint.startsWith('https://')
  if (endpoints.some(isSecure) !== endpoints.every(isSecure)) refuse("etcd's endpoints differ in TLS")
  if (ca !== undefined && !endpoints.every(isSecure)) refuse('certificates for etcd need https:// endpoints')
}

/** What etcd's client throws, in the words of the store's contract. */
export function toStoreError(error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  if (error instanceof EtcdLeaseInvalidError)
    return new ShoalError('failed-precondition', 'the lease has ended', error)
  if (error instanceof GRPCInvalidArgumentError)
    return new ShoalError('invalid-argument', messageOf(error), error)
  if (error instanceof EtcdPermissionDeniedError)
    return new ShoalError('permission-denied', messageOf(error), error)
  return new ShoalError('unavailable', `etcd cannot be reached: ${messageOf(error)}`, error)
}

/** The end of the range of all keys that begin with `prefix`, as etcd wants it. */
export function rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
  const key = Buffer.from(prefix)
  // Keys are text, and no byte of UTF-8 is 0xff: the last one can always be counted up.
  const last = key.at(-1)
  if (last === undefined) return { key: Buffer.from([0]), range_end: Buffer.from([0]) }
  const end = Buffer.from(key)
  end[end.length - 1] = last + 1
  return { key, range_end: end }
}

function credentialsOf({ cert, key }: EtcdConfig, ca: string): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: Buffer.from(ca),
    ...(cert !== undefined &&
      key !== undefined && { certChain: Buffer.from(cert), privateKey: Buffer.from(key) }),
  }
}

/** After a failure the calls go to the other endpoints for a while. */
function restAfterFailure(clock: Clock): Policy {
  let restUntilMs = 0
  return policy(async (call) => {
    if (clock.now() < restUntilMs) throw new ShoalError('unavailable', 'no endpoint of etcd can be reached')
    try {
      return await call()
    } catch (error) {
      if (error instanceof Error && isRecoverableError(error)) restUntilMs = clock.now() + ENDPOINT_REST_MS
      throw error
    }
  })
}

/** Asynchronous although it need not be: etcd3 passes it functions that throw, and handles only rejections. */
async function callOnce<Result>(call: () => Promise<Result>): Promise<Result> {
  return call()
}

/** etcd3 asks its policies for nothing but `execute`. */
function policy(execute: <Result>(call: () => Promise<Result>) => Promise<Result>): Policy {
  return { execute } as unknown as Policy
}
