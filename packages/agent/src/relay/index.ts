/**
 * Calls of this host's Docker Engine that a manager asks for: logs, exec, attach and the like of the cluster's own
 * containers. What may be asked is in allowed.ts, whose containers may be touched in owner.ts; everything else is
 * refused here, whoever asks. Its neighbours: session/, which hears of a wanted relay; the engine's socket.
 */
export { DEFAULT_RELAYS, Relays, type RelayOptions } from './relays.js'
