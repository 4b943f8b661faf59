import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { systemClock } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { type ProbeOutcome, probeTcp, untilRefused } from './probe.js'

const never = new AbortController().signal

/** How many looks it takes, with these outcomes, to call a manager dead. */
async function looks(outcomes: ProbeOutcome[]): Promise<number> {
  const clock = new VirtualClock()
  let count = 0
  const probe = async (): Promise<ProbeOutcome> => outcomes[count++] ?? 'refused'
  let dead = false
  void untilRefused('m1:2377', { clock, probe }, never).then(() => (dead = true))
  for (let i = 0; i < 50 && !dead; i++) {
    await settle()
    if (!dead) await clock.advanceAsync(50)
  }
  return count
}

test.each<[string, ProbeOutcome[], number]>([
  ['two refusals in a row', ['open', 'refused', 'refused'], 3],
  ['one refusal alone says nothing', ['refused', 'open', 'refused', 'refused'], 4],
  ['silence says nothing', ['silent', 'silent', 'refused', 'silent', 'refused', 'refused'], 6],
])('%s', async (_name, outcomes, expected) => {
  expect(await looks(outcomes)).toBe(expected)
})

test('it ends when nobody wants to know any more', async () => {
  const giveUp = new AbortController()
  const probing = untilRefused('m', { clock: new VirtualClock(), probe: async () => 'open' }, giveUp.signal)
  await settle()
  giveUp.abort()
  await expect(probing).resolves.toBeUndefined()
})

test('a port that listens is open; when it is closed, the host refuses', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const probe = probeTcp(systemClock)
  expect(await probe(address, never)).toBe('open')
  server.close()
  await once(server, 'close')
  expect(await probe(address, never)).toBe('refused')
})
