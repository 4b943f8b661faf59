/**
 * The Engine API: routes, one file per resource, over the state. Reads come from memory, writes are planned
 * from it and committed; everything else (tasks, placement, rollouts) is the loops' to do when they see the change.
 * `request/` reads what was asked, `answers/` builds the documents that clients see, `services/` plans the changes
 * of services. Its neighbours: state/ beneath; main.ts, which listens.
 */
export { API_VERSION, MIN_API_VERSION } from './api-version.js'
export { createApi } from './create-api.js'
export { EventLog } from './events/index.js'
export type {
  ApiCa,
  ApiHttpsOptions,
  ApiOptions,
  ClusterFacts,
  ClusterTransfer,
  EtcdAccess,
  PassOn,
  RemoteManager,
  StoreInfo,
} from './options.js'
export { grpcStatusName, httpStatusOf } from './errors.js'
export { WriteQueue } from './write-queue.js'
