import { mustRun, onHost } from '@shoal/lab'
import type { Machine, OpenPath, Scene } from './paths.js'
import { BACKEND_IMAGE, BACKEND_PORT } from './tools.js'

const NETWORK = 'bench-routed'
const BRIDGE = 'br-routed'
const DEVICE = 'vx-routed'
const SUBNET = '10.199.0.0/24'
const NEAR_GATEWAY = '10.199.0.1'
const FAR_GATEWAY = '10.199.0.2'
const CONTAINER = '10.199.0.10'
const CONTAINER_MAC = '02:42:0a:c7:00:0a'
/** Beyond those that a cluster gives out first. */
const VNI = '16000000'
/** As in the mesh: the underlay's less what VXLAN adds. */
const MTU = '1450'

/**
 * Plain routing to a container on the other host: the near host forwards into a bridge that spans both hosts by
 * VXLAN. No address is rewritten. All that the mesh does for a remote task, without the mesh.
 */
export async function routed({ client, near, far }: Scene): Promise<OpenPath> {
  await clear(near.name, far.name)
  await span(near, far, NEAR_GATEWAY)
  await span(far, near, FAR_GATEWAY)
  const place = ['--network', NETWORK, '--ip', CONTAINER, '--mac-address', CONTAINER_MAC]
  await mustRun(far.name, ['docker', 'run', '-d', '--name', NETWORK, ...place, BACKEND_IMAGE])
  // The way back is through the near host, which the client's packets came from.
  await mustRun(far.name, ['ip', 'route', 'add', `${client.address}/32`, 'via', NEAR_GATEWAY, 'dev', BRIDGE])
  return {
    address: `${CONTAINER}:${BACKEND_PORT}`,
    async close() {
      await mustRun(far.name, ['ip', 'route', 'del', `${client.address}/32`])
      await clear(near.name, far.name)
    },
  }
}

/** Makes one host's end of the spanned bridge. */
async function span(here: Machine, there: Machine, gateway: string): Promise<void> {
  const driver = [
    '-o',
    `com.docker.network.bridge.name=${BRIDGE}`,
    '-o',
    `com.docker.network.driver.mtu=${MTU}`,
  ]
  const pool = ['--subnet', SUBNET, '--gateway', gateway]
  await mustRun(here.name, ['docker', 'network', 'create', ...pool, ...driver, NETWORK])
  const vxlan = ['type', 'vxlan', 'id', VNI, 'dstport', '4789', 'local', here.address]
  await mustRun(here.name, ['ip', 'link', 'add', DEVICE, 'mtu', MTU, ...vxlan, 'remote', there.address])
  await mustRun(here.name, ['ip', 'link', 'set', DEVICE, 'master', BRIDGE, 'up'])
  for (const way of ['-d', '-s'])
    await mustRun(here.name, ['iptables', '-I', 'DOCKER-USER', way, SUBNET, '-j', 'ACCEPT'])
}

/** What is not there need not be removed. */
async function clear(...hosts: string[]): Promise<void> {
  for (const host of hosts) {
    await onHost(host, ['docker', 'rm', '-f', NETWORK])
    await onHost(host, ['ip', 'link', 'del', DEVICE])
    await onHost(host, ['docker', 'network', 'rm', NETWORK])
    for (const way of ['-d', '-s'])
      await onHost(host, ['iptables', '-D', 'DOCKER-USER', way, SUBNET, '-j', 'ACCEPT'])
  }
}
