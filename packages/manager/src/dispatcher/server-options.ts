import type { ServerOptions } from '@grpc/grpc-js'

/**
 * For the gRPC server of 2377. A node that vanished without a word is noticed by its silence, and its session ended;
 * pings are for what else was connected, and few: thousands of connections would cost more than their agents say.
 * Channelz, which nobody asks for here, would keep records of each connection.
 */
export const DISPATCHER_SERVER_OPTIONS: ServerOptions = {
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 60_000,
  'grpc.enable_channelz': 0,
}
