import { refuseArgument } from './refuse.js'

const LONGEST_NAME = 63
const DNS_NAME = /^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/

/** The name of a service or a network. @throws InvalidDocument in Docker's words */
export function checkDnsName(name: string): void {
  if (name === '') refuseArgument('meta: name must be provided')
  if (!DNS_NAME.test(name)) refuseArgument('name must be valid as a DNS name component')
  if (name.length > LONGEST_NAME) refuseArgument('name must be 63 characters or fewer')
}
