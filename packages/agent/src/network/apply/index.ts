/**
 * The only place that runs nft, ip, bridge, iptables and conntrack. What is to be done follows from a comparison
 * (difference.ts, pure) of the plan with what was observed, as steps that carry-out.ts performs in batches; the
 * nftables table has a keeper of its own.
 */
export * from './carry-out.js'
export * from './difference.js'
export * from './flows.js'
export * from './listeners.js'
export * from './peer-entries.js'
export * from './run.js'
export * from './steps.js'
export * from './table-keeper.js'
export * from './watch.js'
