import type { ChannelOptions } from '@grpc/grpc-js'
import { oneAttempt } from './one-attempt.js'

/**
 * For the client that `connect` makes. Whether the manager still lives is asked in the session (`pulse.ts`), as often
 * as it can bear, and not by pings, whose pace a connection cannot change. The channel has its connection to itself, for
 * those that grpc-js shares would keep a back-off of their own beside ours.
 */
export const SESSION_CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config': oneAttempt(),
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
}
