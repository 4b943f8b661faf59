/**
 * Brings a whole cluster elsewhere: from the embedded store to etcd (`move.ts`), into a backup (`read.ts`) and back
 * (`restore.ts`). It works on the store's raw keys (`fill.ts`), below the state, and while nothing else writes them.
 */
export { type FilledPrefix, fillPrefix, type Filling, finishTransfer, inspectPrefix } from './fill.js'
export { checkMove, keptStores, type MoveParts, moveToEtcd, setEmbeddedStoreAside } from './move.js'
export { readCluster } from './read.js'
export { restoreCluster, type RestoreParts } from './restore.js'
export { TransferService } from './service.js'
