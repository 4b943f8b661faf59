// What is in a container of `bench endpoints`: a network namespace with one device, told by its parent what to do.
import { execFileSync } from 'node:child_process'
import { connect, createServer } from 'node:net'

/** Become somebody on the network, and listen; or connect so many times to somebody, one after the other. */
export type Order =
  | { readonly addresses: readonly string[]; readonly port: number }
  | { readonly connectTo: string; readonly port: number; readonly times: number }

/** How long each connection took to come about, in milliseconds; or what went wrong. */
export interface Report {
  readonly tookMs: readonly number[]
  readonly error?: string
}

async function carryOut(order: Order): Promise<number[]> {
  if ('connectTo' in order) {
    const tookMs: number[] = []
    for (let turn = 0; turn < order.times; turn++) tookMs.push(await connectOnce(order.connectTo, order.port))
    return tookMs
  }
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  execFileSync('ip', ['link', 'set', 'eth0', 'up'])
  for (const address of order.addresses) execFileSync('ip', ['addr', 'add', address, 'dev', 'eth0'])
  await new Promise<void>((resolve) => {
    createServer((socket) => socket.on('error', () => {}).resume()).listen(order.port, resolve)
  })
  return []
}

/** Ends with a reset, so that nothing of it is left to disturb the next ones. */
function connectOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const socket = connect({ host, port }, () => {
      const tookMs = performance.now() - startedAt
      socket.resetAndDestroy()
      resolve(tookMs)
    })
    socket.on('error', reject)
  })
}

process.on('message', (order: Order) => {
  const answer = (report: Report): void => void process.send?.(report)
  carryOut(order).then(
    (tookMs) => answer({ tookMs }),
    (error: unknown) => answer({ tookMs: [], error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
