/**
 * The manager's end of the stream that every agent keeps open: it registers nodes, hands assignments out,
 * and takes statuses and signs of life in. It decides nothing: tasks come from the orchestrator and the
 * scheduler by way of the state, and what silence means is for node-health to say.
 */
export { clusterNews } from './cluster-news.js'
export { createDispatcher, type Dispatcher, type DispatcherOptions, type Peer } from './dispatcher.js'
export { notPrimary } from './ending.js'
export { roleOf } from './node-role.js'
export { DISPATCHER_SERVER_OPTIONS } from './server-options.js'
