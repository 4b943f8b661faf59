import { isDeepStrictEqual } from 'node:util'
import { ShoalError } from '@shoal/common'
import type Docker from 'dockerode'
import { answer, unless } from './docker-errors.js'
import { CLUSTER_ID_LABEL, NETWORK_ID_LABEL, NODE_ID_LABEL } from './naming.js'
import type { EngineNetwork, NodeFacts, TaskNetworking } from './port.js'

const BRIDGE_NAME = 'com.docker.network.bridge.name'
const MTU = 'com.docker.network.driver.mtu'

/** The parts of the engine's network document that are used here. */
interface NetworkDocument {
  Name: string
  Internal?: boolean
  Labels?: Record<string, string> | null
  Options?: Record<string, string> | null
  IPAM?: { Config?: { Subnet?: string; Gateway?: string; IPRange?: string }[] | null }
}

/** The engine's bridge networks that stand for the cluster's. */
export class DockerNetworks {
  readonly #docker: Docker
  readonly #node: NodeFacts

  constructor(docker: Docker, node: NodeFacts) {
    this.#docker = docker
    this.#node = node
  }

  async ensure(network: EngineNetwork): Promise<void> {
    const existing = await this.#find(network.name)
    if (existing && isSame(existing, network, this.#node)) return
    if (existing) await this.#replaceable(existing)
    await answer(this.#docker.createNetwork(this.#creation(network)))
  }

  async remove(name: string): Promise<void> {
    try {
      await unless([404], this.#docker.getNetwork(name).remove())
    } catch (error) {
      const used = error instanceof ShoalError && error.code === 'permission-denied'
      throw used ? new ShoalError('failed-precondition', error.message, error) : error
    }
  }

  async list(): Promise<EngineNetwork[]> {
    const filters = { label: [`${NODE_ID_LABEL}=${this.#node.nodeId}`] }
    const documents: unknown = await answer(this.#docker.listNetworks({ filters }))
    return (documents as NetworkDocument[]).map(toEngineNetwork)
  }

  /** Connects a container that is not running yet; a network that it is on already is left as it is. */
  async connect(container: string, attachment: TaskNetworking['attachments'][number]): Promise<void> {
    const options = { Container: container, EndpointConfig: endpointConfig(attachment) }
    try {
      await answer(this.#docker.getNetwork(attachment.network).connect(options))
    } catch (error) {
      if (error instanceof ShoalError && /already (exists|attached|connected)/u.test(error.message)) return
      throw error
    }
  }

  async #find(name: string): Promise<NetworkDocument | undefined> {
    const documents: unknown = await answer(this.#docker.listNetworks({ filters: { name: [name] } }))
    return (documents as NetworkDocument[]).find(({ Name }) => Name === name)
  }

  /** Only a network of ours may be taken away: of an earlier membership, or with settings of old. */
  async #replaceable({ Name, Labels }: NetworkDocument): Promise<void> {
    if (Labels?.[NETWORK_ID_LABEL] === undefined)
      throw new ShoalError('failed-precondition', `network with name ${Name} already exists on this host`)
    await this.remove(Name)
  }

  #creation(network: EngineNetwork): Docker.NetworkCreateOptions {
    const range = network.ipRange === undefined ? {} : { IPRange: network.ipRange }
    return {
      Name: network.name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: network.internal,
      IPAM: { Driver: 'default', Config: [{ Subnet: network.subnet, Gateway: network.gateway, ...range }] },
      Options: { [BRIDGE_NAME]: network.bridge, [MTU]: String(network.mtu) },
      Labels: {
        [NETWORK_ID_LABEL]: network.networkId,
        [NODE_ID_LABEL]: this.#node.nodeId,
        [CLUSTER_ID_LABEL]: this.#node.clusterId,
      },
    }
  }
}

function toEngineNetwork({ Name, Internal, Labels, Options, IPAM }: NetworkDocument): EngineNetwork {
  const { Subnet = '', Gateway = '', IPRange } = IPAM?.Config?.[0] ?? {}
  return {
    name: Name,
    networkId: Labels?.[NETWORK_ID_LABEL] ?? '',
    bridge: Options?.[BRIDGE_NAME] ?? '',
    subnet: Subnet,
    gateway: Gateway,
    ...(IPRange !== undefined && { ipRange: IPRange }),
    mtu: Number(Options?.[MTU] ?? 0),
    internal: Internal ?? false,
  }
}

function isSame(document: NetworkDocument, wanted: EngineNetwork, node: NodeFacts): boolean {
  const present = toEngineNetwork(document)
  return isDeepStrictEqual(present, wanted) && document.Labels?.[NODE_ID_LABEL] === node.nodeId
}

/** The address is the manager's choice; the MAC follows from it, so that other hosts need not learn it. */
export function endpointConfig({
  address,
  mac,
}: TaskNetworking['attachments'][number]): Docker.EndpointSettings {
  return { IPAMConfig: { IPv4Address: address }, MacAddress: mac } as Docker.EndpointSettings
}
