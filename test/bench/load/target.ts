/** Where requests go. */
export interface Target {
  /** `host:port`. */
  readonly address: string
  readonly host: string
  readonly port: number
  readonly path: string
}

/** @throws Error when `address` is not `host:port` */
export function targetOf(address: string, path: string): Target {
  const [host, port, ...rest] = address.split(':')
  if (!host || !/^\d+$/.test(port ?? '') || rest.length > 0)
    throw new Error(`an address is host:port, and not "${address}"`)
  return { address, host, port: Number(port), path }
}
