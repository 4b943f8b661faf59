import { seededRandom, type Random } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import { aNetwork, anEndpoint, anIngress, aPeer, aService, aView } from '../testing/documents.js'
import { planHost, planMemo, type HostView } from '../plan/index.js'
import { ModelTable } from './testing/model.js'
import { reload, sweep, transition } from './table.js'

const front = aNetwork()
const ingress = anIngress()

/** A host with some of a few services, each with some of a few endpoints, in any combination. */
function anyView(random: Random): HostView {
  const some = (count: number, chance: number): number[] =>
    Array.from({ length: count }, (_, index) => index).filter(() => random.next() < chance)
  const endpoints = (service: number) =>
    some(5, 0.5).map((task) => {
      const last = 10 + service * 10 + task
      const addresses = { [front.ID]: `10.0.1.${last}`, [ingress.ID]: `10.0.0.${last}` }
      return anEndpoint(`t${service}${task}`, addresses, random.next() < 0.2 ? 3 : 1)
    })
  const services = some(6, 0.7).map((index) =>
    aService({
      ServiceID: `s${index}`,
      Networks: [
        { NetworkID: front.ID, VirtualIP: `10.0.1.${200 + (random.next() < 0.1 ? 0 : index)}`, Aliases: [] },
      ],
      // Ports wander between services, also from one to the next at once.
      Ports: some(3, 0.4).map((port) => ({ Protocol: 'tcp', PublishedPort: 8000 + port, TargetPort: 80 })),
      Endpoints: endpoints(index),
    }),
  )
  const peers = some(4, 0.5).map((index) => aPeer(ingress, `10.0.0.${100 + index}`, { Gateway: true }))
  const local = some(4, 0.5).map((index) => ({ networkId: front.ID, address: `10.0.1.${10 + index}` }))
  const networks = [front, ingress].filter(() => random.next() < 0.9)
  return aView(networks, { services, peers, local })
}

describe('the table', () => {
  test.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'comes by differences and sweeps to what a whole reload makes (seed %i)',
    (seed) => {
      const random = seededRandom(seed)
      const memo = planMemo()
      const table = new ModelTable()
      let { text, table: state } = reload(planHost(anyView(random), memo).nft)
      table.run(text)
      for (let step = 0; step < 30; step++) {
        const view = anyView(random)
        const { nft: wanted, kernel } = planHost(view, memo)
        expect(kernel).toEqual(planHost(view, planMemo()).kernel)
        ;({ text, table: state } = transition(state, wanted))
        table.run(text)
        if (random.next() < 0.5) continue
        ;({ text, table: state } = sweep(state))
        table.run(text)
        const whole = new ModelTable()
        whole.run(reload(wanted).text)
        expect(table.contents()).toEqual(whole.contents())
      }
    },
  )

  const network = { NetworkID: front.ID, VirtualIP: '10.0.1.50', Aliases: [] }
  const withTasks = (...lasts: number[]) => {
    const Endpoints = lasts.map((last) => anEndpoint(`t${last}`, { [front.ID]: `10.0.1.${last}` }))
    return planHost(aView([front], { services: [aService({ Networks: [network], Endpoints })] }), planMemo())
      .nft
  }

  test('keeps the slot of an endpoint that left until it is swept, and says who left', () => {
    const { table } = reload(withTasks(21, 22))
    const left = transition(table, withTasks(21))
    expect(left.departed).toEqual(['10.0.1.22'])
    expect(left.text).toContain('numgen inc mod 1')
    expect(left.text).not.toContain('vip_be')
    expect(sweep(left.table).text).toBe('delete element ip shoal vip_be { 10.0.1.50 . 0x4d800001 }\n')
  })

  test('is not touched when nothing changes', () => {
    const state = withTasks(21)
    expect(transition(reload(state).table, state).text).toBe('')
    expect(transition(reload(state).table, withTasks(21)).text).toBe('')
  })

  test('never deletes itself nor flushes what others made', () => {
    const texts = [reload(withTasks(21)).text, transition(reload(withTasks(21)).table, withTasks()).text]
    for (const text of texts) expect(text).not.toMatch(/delete table|flush ruleset|flush table/u)
  })
})
