import type { ServerOptions } from '@grpc/grpc-js'

/** For the gRPC server of 2377: connections of agents that vanished without a word are given up after half a minute. */
export const DISPATCHER_SERVER_OPTIONS: ServerOptions = {
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 15_000,
}
