import type { NetworkCreate } from '@shoal/engine-api'
import type { GivenFlags } from '../../spec/index.js'
import { checkLabel, toMap } from '../../values/index.js'
import { argument, type Command, isOn, valueOf } from '../lib/command.js'
import { ipamConfigs } from './ipam.js'

export const command: Command = {
  usage: '[OPTIONS] NETWORK',
  description: 'Create a network',
  examples: [
    'ctl network create front',
    'ctl network create --internal --subnet 10.20.0.0/16 --gateway 10.20.0.1 back',
    'ctl network create --attachable --opt com.docker.network.driver.mtu=1400 tools',
  ],
  flags: [
    { name: 'attachable', help: 'Enable manual container attachment' },
    {
      name: 'aux-address',
      value: 'map',
      help: 'Addresses within the subnet that nothing is given (name=address)',
    },
    { name: 'config-from', value: 'string', help: 'The network from which to copy the configuration' },
    { name: 'config-only', help: 'Create a configuration only network' },
    { name: 'driver', short: 'd', value: 'string', help: 'Driver to manage the network (default "overlay")' },
    { name: 'gateway', value: 'strings', help: 'Gateway of the subnet' },
    { name: 'ingress', help: 'Create the routing-mesh network' },
    { name: 'internal', help: 'Restrict external access to the network' },
    { name: 'ip-range', value: 'strings', help: 'Allocate addresses from a part of the subnet only' },
    { name: 'ipam-driver', value: 'string', help: 'IP Address Management Driver (default "default")' },
    { name: 'ipam-opt', value: 'map', help: 'Set IPAM driver specific options' },
    { name: 'ipv4', help: 'Enable or disable IPv4 address assignment (default true)' },
    { name: 'ipv6', help: 'Enable IPv6 address assignment' },
    { name: 'label', value: 'list', help: 'Set metadata on a network' },
    { name: 'opt', short: 'o', value: 'map', help: 'Set driver specific options' },
    { name: 'scope', value: 'string', help: "Control the network's scope" },
    { name: 'subnet', value: 'strings', help: 'Subnet in CIDR format that represents a network segment' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const { Id, Warning } = await io.client().createNetwork(networkOf(argument(args, 0), given))
    if (Warning) io.warn(`WARNING: ${Warning}`)
    io.print(Id)
  },
}

function networkOf(name: string, given: GivenFlags): NetworkCreate {
  const configFrom = valueOf(given, 'config-from')
  const ipv4 = valueOf(given, 'ipv4')
  return {
    Name: name,
    Driver: valueOf(given, 'driver') ?? 'overlay',
    Scope: valueOf(given, 'scope') ?? '',
    Internal: isOn(given, 'internal'),
    Attachable: isOn(given, 'attachable'),
    Ingress: isOn(given, 'ingress'),
    ConfigOnly: isOn(given, 'config-only'),
    ...(configFrom !== undefined && { ConfigFrom: { Network: configFrom } }),
    ...(ipv4 !== undefined && { EnableIPv4: ipv4 === 'true' }),
    EnableIPv6: isOn(given, 'ipv6'),
    IPAM: {
      Driver: valueOf(given, 'ipam-driver') ?? 'default',
      Options: toMap(given.get('ipam-opt') ?? []),
      Config: ipamConfigs(given),
    },
    Options: toMap(given.get('opt') ?? []),
    Labels: toMap((given.get('label') ?? []).map(checkLabel)),
  }
}
