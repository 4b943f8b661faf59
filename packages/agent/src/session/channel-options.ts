import type { ChannelOptions } from '@grpc/grpc-js'

/**
 * For the client that `connect` makes. Pings find a manager that stands still in three to five seconds: by then its
 * lease is about to end, too, and another one leads. The channel has
 * its connections to itself, for those that grpc-js shares would keep a back-off of their own beside ours.
 */
export const SESSION_CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 2_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
}
