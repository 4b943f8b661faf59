import { silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { put } from '../state/records.js'
import { aNode, aService, createTestState } from '../state/testing/index.js'
import { createMetrics } from './metrics.js'
import { listenForMetrics } from './server.js'

test('tells Prometheus what the cluster has at the moment of asking', async () => {
  // Given a cluster with a service and a node that is ready
  const state = await createTestState(new VirtualClock())
  await state.commit([put('service', aService('web')), put('node', aNode('one'))])
  const server = await listenForMetrics(
    createMetrics(state, () => 7),
    { host: '127.0.0.1', port: 0 },
    silentLogger,
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  // When Prometheus asks
  const text = await (await fetch(`${url}/metrics`)).text()

  // Then it gets the figures, and nothing anywhere else
  expect(text).toContain('shoal_services 1')
  expect(text).toContain('shoal_connected_agents 7')
  expect(text).toContain(`shoal_nodes{state="${state.get('node', 'one')?.Status.State}"} 1`)
  expect(text).toContain('shoal_tasks{state="running"} 0')
  expect((await fetch(`${url}/other`)).status).toBe(404)
  server.close()
})
