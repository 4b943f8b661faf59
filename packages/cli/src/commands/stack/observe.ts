import type { Config, Secret } from '@shoal/engine-api'
import type { ManagerClient } from '../../client/index.js'
import type { Observed } from '../../stack/index.js'

/** What there is in the cluster. */
export async function observe(client: ManagerClient): Promise<Observed> {
  const [services, networks, secrets, configs] = await Promise.all([
    client.services(),
    client.networks({ scope: ['swarm'] }),
    client.storedFiles('secret') as Promise<Secret[]>,
    client.storedFiles('config') as Promise<Config[]>,
  ])
  return { services, networks, secrets, configs }
}
