import {
  ETCD_COMMAND,
  ETCD_DATA_FOLDER,
  ETCD_DISK,
  type EtcdAccess,
  formEtcd,
  freeDisk,
  isDiskFull,
  isStopped,
  start,
  stop,
  untilEtcdAnswers,
} from '@shoal/lab'
import { GenericContainer, type StartedNetwork, type StartedTestContainer } from 'testcontainers'
import { RUN_LABEL } from './lab-host.js'

/** A machine that runs one member of a test's etcd. */
export class EtcdMember {
  readonly address: string
  readonly #container: StartedTestContainer

  constructor(container: StartedTestContainer, network: string) {
    this.address = container.getIpAddress(network)
    this.#container = container
  }

  /** What the outer engine knows it by: for the faults of `@shoal/lab`. */
  get id(): string {
    return this.#container.getId()
  }

  /** Ends the member as a crash does; its machine lives on and refuses connections. */
  async stop(): Promise<void> {
    await stop(this.id, 'etcd')
  }

  /** Starts it again on its data, if it was stopped, and waits until it answers: so that another one may be lost. */
  async start(): Promise<void> {
    if (await isStopped(this.id, 'etcd')) await start(this.id, 'etcd')
    await untilEtcdAnswers(this.id)
  }

  /** Undoes whatever faults a story that failed has left in force. */
  async mend(): Promise<void> {
    if (await isDiskFull(this.id)) await freeDisk(this.id)
    await this.start()
  }

  /** Removes the machine with all its data. */
  async remove(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true })
  }
}

/**
 * Starts machines on a network and makes one etcd with TLS of them.
 * @param members gets each as soon as it has started, so that those of a failed start can be removed
 */
export async function startEtcdMembers(
  count: number,
  image: string,
  network: StartedNetwork,
  members: EtcdMember[],
): Promise<EtcdAccess> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const container = await new GenericContainer(image)
        .withCommand(ETCD_COMMAND)
        .withHostname(`etcd${index + 1}`)
        .withNetwork(network)
        .withAddedCapabilities('NET_ADMIN')
        .withTmpFs(ETCD_DISK)
        .withLabels({ [RUN_LABEL]: String(process.pid) })
        .start()
      members[index] = new EtcdMember(container, network.getName())
    }),
  )
  return formEtcd(members.map(({ id, address }) => ({ name: id, address, dataFolder: ETCD_DATA_FOLDER })))
}
