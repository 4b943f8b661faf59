/**
 * The host's name server: a container asks its bridge's gateway, and hears of the services and tasks on the networks
 * that it is on itself; what is no name of the cluster is asked of the servers of its own or of the host's. `zone.ts`
 * and `answer.ts` decide without any I/O; `server.ts` listens wherever this host has a gateway. The bridges, and
 * telling containers whom to ask, are the business of network/ and the executor.
 */
export { createDns, DEFAULT_DNS, type DnsOptions } from './dns.js'
