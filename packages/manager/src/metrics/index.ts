/**
 * What the manager tells Prometheus: the cluster's nodes, services and tasks as the state has them when it is
 * asked, and the process itself. Its neighbours: state/, which it only reads; main.ts, which listens.
 */
export { createMetrics } from './metrics.js'
export { listenForMetrics } from './server.js'
