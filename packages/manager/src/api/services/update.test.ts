import { expect, test } from 'vitest'
import { AddressBook } from '../../allocator/index.js'
import { put } from '../../state/records.js'
import { aService, aSpec, createTestState } from '../../state/testing/index.js'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { planUpdate } from './update.js'

test('an update without ports takes the published ports back', async () => {
  const state = await createTestState(new VirtualClock())
  const Ports = [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }]
  const EndpointSpec = { Mode: 'vip', Ports: [...Ports] }
  const service = aService('web', {
    Endpoint: { Spec: EndpointSpec, Ports: [...Ports] },
    Spec: { Name: 'web', EndpointSpec },
  })
  await state.commit([put('service', service), put('spec', aSpec('web', 1))])

  const book = new AddressBook({ state, clock: new VirtualClock() })
  const { mutations } = planUpdate(state, {
    reference: 'web',
    version: state.get('service', 'web')?.Version.Index ?? 0,
    spec: { Name: 'web' },
    rollback: false,
    registryAuth: undefined,
    registryAuthFrom: 'spec',
    nowMs: 0,
    book,
    reserved: book.reserve(),
  })

  const updated = mutations.find(({ kind }) => kind === 'service')?.record
  expect(updated).toMatchObject({ Endpoint: { Spec: { Mode: 'vip' } } })
  expect(updated).not.toHaveProperty('Endpoint.Ports')
})
