/**
 * Our nftables table as text, without any I/O: its fixed part (skeleton.ts), what is in it (state.ts), and how it gets
 * from one state to the next in one transaction (table.ts). What is to be in it is plan/'s to say, and running nft
 * apply/'s.
 *
 * Two rules keep every packet whole: the table is never deleted, and no set is anonymous that changes. An element that
 * goes while a packet is under way costs that packet, so a slot of a balancer goes only after a while (sweep).
 */
export * from './skeleton.js'
export * from './state.js'
export * from './table.js'
