/**
 * Makes this host what its node is to be in the cluster: with a role of manager a manager runs here, without it
 * none does and none of its files is left. What is done is ctl's doing (`ctl swarm take-role`), in a process of its
 * own; the tasks of this host know nothing of it.
 */
export { runCtl } from './ctl.js'
export { decideRole, type HostRole, type RolePlan } from './decide.js'
export { RoleKeeper, type RoleKeeperOptions } from './keeper.js'
