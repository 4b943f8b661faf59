import { Metadata, status } from '@grpc/grpc-js'
import { type GrpcStatus, PRIMARY_TRAILER } from '@shoal/proto/status'

/** How a stream ends, as gRPC tells it. */
export interface Ending extends GrpcStatus {
  readonly metadata?: Metadata
}

/** @param primary its `host:port`, to be told to agents that came to another manager */
export function notPrimary(primary: string | undefined): Ending {
  const metadata = new Metadata()
  if (primary !== undefined) metadata.set(PRIMARY_TRAILER, primary)
  return { code: status.UNAVAILABLE, details: 'this manager is not the primary', metadata }
}

export const SUPERSEDED: Ending = {
  code: status.ABORTED,
  details: 'a newer session of this node has begun',
}
