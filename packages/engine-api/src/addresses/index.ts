/** IPv4 addresses and subnets as numbers: pure arithmetic, for whoever gives addresses out or plans with them. */
export * from './ipv4.js'
