import { ShoalError } from '@shoal/common'
import type { FastifyInstance } from 'fastify'
import { networkAnswer, predefinedNetwork, predefinedNetworks } from '../answers/networks.js'
import { readFilters } from '../request/filters.js'
import { pathId, queryText } from '../request/query.js'

const FILTERS = ['id', 'name', 'label', 'driver', 'scope', 'type', 'dangling']

/** The networks that every engine has. */
export function networkRoutes(app: FastifyInstance): void {
  app.get('/networks', (request) => {
    const filters = readFilters(request, FILTERS)
    return predefinedNetworks()
      .map((name) => ({ name, answer: networkAnswer(name, 'local') }))
      .filter(
        ({ name, answer }) =>
          filters.some('id', (id) => name.startsWith(id)) &&
          filters.some('name', (part) => name.includes(part)) &&
          filters.labels('label', {}) &&
          filters.some('driver', (driver) => driver === answer['Driver']) &&
          filters.some('scope', (scope) => scope === 'local') &&
          filters.some('type', (type) => type === 'builtin') &&
          filters.some('dangling', (dangling) => ['false', '0'].includes(dangling)),
      )
      .map(({ answer }) => answer)
  })

  app.get('/networks/:id', (request) => {
    const id = pathId(request)
    if (predefinedNetwork(id) === undefined) throw new ShoalError('not-found', `network ${id} not found`)
    return networkAnswer(id, queryText(request, 'scope') === 'swarm' ? 'swarm' : 'local')
  })
}
