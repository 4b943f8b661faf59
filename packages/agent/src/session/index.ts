/**
 * The agent's end of the stream to the managers: it finds one, registers the host, keeps beating, passes
 * assignments on to the worker and statuses back, and begins anew whenever the connection is lost. It knows
 * nothing of containers: that is the worker's and the tasks' business.
 */
export { SESSION_CHANNEL_OPTIONS } from './channel-options.js'
export { createSession, type Session } from './session.js'
export type {
  AssignmentChange,
  AssignmentHandler,
  DocumentHandler,
  ManagerList,
  RelayHandler,
  SessionOptions,
  TaskReport,
} from './ports.js'
export { together } from './together.js'
