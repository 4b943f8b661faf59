import {
  createSession,
  SESSION_CHANNEL_OPTIONS,
  type DocumentHandler,
  type Session,
} from '@shoal/agent/session/index'
import { channelCredentials, MANAGER_CHANNEL_OPTIONS } from '@shoal/agent/identity/channel'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { Identity } from '@shoal/common/tls/index'
import type { NodeDescription } from '@shoal/engine-api'
import { wire } from '@shoal/proto'
import { HollowWorker } from './worker.js'

/** An agent without an engine: the session is the product's own, what it leads to pretends. */
export class HollowAgent {
  readonly worker: HollowWorker
  readonly #session: Session
  #sessions = 0

  /** @param number tells the host from others @param managers `host:port` */
  constructor(number: number, identity: Identity, managers: readonly string[]) {
    this.worker = new HollowWorker((taskId, status) => this.#session.report(taskId, status))
    const options = { ...SESSION_CHANNEL_OPTIONS, ...MANAGER_CHANNEL_OPTIONS }
    const description = describe(number)
    // Made once: on one machine with the manager, what agents cost counts against it.
    const credentials = channelCredentials(identity)
    this.#session = createSession({
      managers: { load: () => Promise.resolve(managers), save: () => Promise.resolve() },
      connect: (address) => {
        this.#sessions++
        return new wire.Dispatcher(address, credentials, options)
      },
      describeHost: () => Promise.resolve(description),
      onAssignments: this.worker,
      onDocuments: NO_NETWORK,
      advertiseAddress: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    })
  }

  get connected(): boolean {
    return this.#session.connected()
  }

  /** How often it has called a manager. */
  get sessions(): number {
    return this.#sessions
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#session.run(signal)
  }
}

/** Whatever is told of the network is in force at once. */
const NO_NETWORK: DocumentHandler = { replaceAll: () => undefined, change: () => undefined }

function describe(number: number): NodeDescription {
  return {
    Hostname: `hollow-${number}`,
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 8_000_000_000, MemoryBytes: 32 * 1024 ** 3 },
    Engine: { EngineVersion: '28.2.2', Labels: {}, Plugins: [{ Type: 'Network', Name: 'overlay' }] },
  }
}
