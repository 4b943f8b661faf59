import type { ChannelCredentials, requestCallback, ClientUnaryCall } from '@grpc/grpc-js'
import { ShoalError } from '@shoal/common'
import { type EnrollmentClient, type JoinReply__Output, type RenewReply__Output, wire } from '@shoal/proto'
import { fromGrpcError } from '@shoal/proto/status'
import { MANAGER_CHANNEL_OPTIONS } from './channel.js'

const CALL_TIMEOUT_MS = 10_000

/** Makes one call on a connection of its own. @throws ShoalError of the manager's answer, or `unavailable` */
async function callOnce<Reply>(
  address: string,
  channel: ChannelCredentials,
  signal: AbortSignal,
  start: (client: EnrollmentClient, callback: requestCallback<Reply>) => ClientUnaryCall,
): Promise<Reply> {
  const client = new wire.Enrollment(address, channel, {
    ...MANAGER_CHANNEL_OPTIONS,
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
  let call: ClientUnaryCall | undefined
  const cancel = (): void => call?.cancel()
  try {
    signal.addEventListener('abort', cancel, { once: true })
    return await new Promise<Reply>((resolve, reject) => {
      call = start(client, (error, reply) => {
        if (error || reply === undefined)
          reject(fromGrpcError(error ?? new ShoalError('internal', 'no reply')))
        else resolve(reply)
      })
    })
  } finally {
    signal.removeEventListener('abort', cancel)
    client.close()
  }
}

/** gRPC counts a deadline on the machine's own clock. */
function deadline(): Date {
  const date = new Date()
  date.setMilliseconds(date.getMilliseconds() + CALL_TIMEOUT_MS)
  return date
}

/** Asks the manager at `address` (`host:port`) for admission. @throws ShoalError as Enrollment.Join says */
export function callJoin(
  address: string,
  channel: ChannelCredentials,
  request: { token: string; certificateRequest: string },
  signal: AbortSignal,
): Promise<JoinReply__Output> {
  return callOnce(address, channel, signal, (client, callback) =>
    client.join(request, { deadline: deadline() }, callback),
  )
}

/** Asks the manager at `address` for another certificate. @throws ShoalError as Enrollment.Renew says */
export function callRenew(
  address: string,
  channel: ChannelCredentials,
  certificateRequest: string,
  signal: AbortSignal,
): Promise<RenewReply__Output> {
  return callOnce(address, channel, signal, (client, callback) =>
    client.renew({ certificateRequest }, { deadline: deadline() }, callback),
  )
}
