import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type {
  ContainerState,
  EngineNetwork,
  Executor,
  ExecutorEvent,
  NetworkEngine,
  NodeFacts,
} from '../port.js'
import { taskName } from '../naming.js'
import { aTask } from './tasks.js'

export interface ExecutorUnderTest {
  readonly executor: Executor & NetworkEngine
  readonly node: NodeFacts
  /** An image that is present and has a shell. */
  readonly image: string
  /** Removes whatever a test has left. */
  cleanUp(): Promise<void>
}

/** What every executor keeps to, whether Docker stands behind it or nothing but memory. */
export function describeExecutor(kind: string, open: () => Promise<ExecutorUnderTest>): void {
  describe(`${kind} as an executor`, () => {
    let under: ExecutorUnderTest
    let executor: Executor & NetworkEngine
    const never = new AbortController().signal

    beforeEach(async () => {
      under = await open()
      executor = under.executor
    })
    afterEach(() => under.cleanUp())

    const sleeper = (id: string, changes: Parameters<typeof aTask>[0] = {}) =>
      aTask({ ID: id, NodeID: under.node.nodeId, ...changes }, { Image: under.image, StopGracePeriod: 0 })

    test('prepares, starts, stops and removes a container, and tells what it is at each step', async () => {
      const task = sleeper('life')
      const name = taskName(task)
      expect(await executor.inspect(name)).toBeUndefined()
      const prepared = await executor.prepare(task, never)
      expect(prepared.phase).toBe('created')
      await executor.start(name)
      const running = await executor.inspect(name)
      expect(running).toMatchObject({ id: prepared.id, phase: 'running', health: 'none' })
      expect(running?.pid).toBeGreaterThan(0)
      await executor.stop(name)
      expect(await executor.inspect(name)).toMatchObject({ phase: 'ended', exitCode: 137, pid: 0 })
      await executor.remove(name)
      expect(await executor.inspect(name)).toBeUndefined()
    })

    test('finds done what is asked for twice', async () => {
      const task = sleeper('twice')
      const name = taskName(task)
      const first = await executor.prepare(task, never)
      expect((await executor.prepare(task, never)).id).toBe(first.id)
      await executor.start(name)
      await executor.start(name)
      expect((await executor.prepare(task, never)).phase).toBe('running')
      await executor.stop(name)
      await executor.stop(name)
      await executor.remove(name)
      await executor.remove(name)
      await executor.stop(name)
    })

    test('refuses in the words of Docker', async () => {
      const noImage = aTask({ ID: 'noimage' }, { Image: 'shoal-missing.invalid/nowhere:9' })
      await expect(executor.prepare(noImage, never)).rejects.toMatchObject({
        code: 'not-found',
        message: 'No such image: shoal-missing.invalid/nowhere:9',
      })
      const Mounts = [{ Type: 'bind', Source: '/no/such/folder', Target: '/data' }]
      const noSource = aTask({ ID: 'nosource' }, { Image: under.image, Mounts })
      await expect(executor.prepare(noSource, never)).rejects.toMatchObject({
        message: 'invalid mount config for type "bind": bind source path does not exist: /no/such/folder',
      })
      await expect(executor.start('nobody')).rejects.toMatchObject({ message: 'No such container: nobody' })
    })

    test('tells the exit code, by an event that makes one look', async () => {
      const task = aTask({ ID: 'three' }, { Image: under.image, Args: ['exit 3'] })
      const events = new EventLog(executor)
      await executor.prepare(task, never)
      await executor.start(taskName(task))
      await events.seen((event) => event.kind === 'container' && event.taskId === 'three')
      expect(await executor.inspect(taskName(task))).toMatchObject({ phase: 'ended', exitCode: 3 })
      events.close()
    })

    test('says resync when it begins to watch', async () => {
      const events = new EventLog(executor)
      expect(await events.seen((event) => event.kind === 'resync')).toEqual({ kind: 'resync' })
      events.close()
    })

    test('lists the containers of its node', async () => {
      await executor.prepare(sleeper('made'), never)
      const running = sleeper('runs', { Slot: 2 })
      await executor.prepare(running, never)
      await executor.start(taskName(running))
      const listed = (await executor.list()).sort((a, b) => (a.taskId < b.taskId ? -1 : 1))
      expect(listed).toMatchObject([
        { taskId: 'made', serviceId: 'service1', taskName: 'web.1.made', phase: 'created' },
        { taskId: 'runs', serviceId: 'service1', taskName: 'web.2.runs', phase: 'running' },
      ])
      await executor.remove(listed[1]?.id ?? '')
      expect(await executor.list()).toHaveLength(1)
    })

    test('has networks just so, and keeps those that a running container is on', async () => {
      const network = aTestNetwork()
      await executor.ensureNetwork(network)
      await executor.ensureNetwork(network)
      expect(await executor.listNetworks()).toEqual([network])
      const other = { ...network, mtu: 1300 }
      await executor.ensureNetwork(other)
      expect(await executor.listNetworks()).toEqual([other])
      const task = sleeper('attached')
      const attachments = [{ network: network.name, address: '10.199.77.9', mac: '02:42:0a:c7:4d:09' }]
      await executor.prepare(task, never, { attachments, nameServer: undefined })
      await executor.start(taskName(task))
      const inUse = { code: 'failed-precondition', message: expect.stringContaining('has active endpoints') }
      await expect(executor.removeNetwork(network.name)).rejects.toMatchObject(inUse)
      await expect(executor.ensureNetwork(network)).rejects.toMatchObject(inUse)
      await executor.remove(taskName(task))
      await executor.removeNetwork(network.name)
      await executor.removeNetwork(network.name)
      expect(await executor.listNetworks()).toEqual([])
    })

    test('publishes host-mode ports, chooses one for port 0, and refuses a port that is taken', async () => {
      const any = [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 0, PublishMode: 'host' }]
      const first = sleeper('anyport', { Ports: any })
      const state = await started(executor, first)
      const chosen = state?.ports[0]?.PublishedPort ?? 0
      expect(state?.ports).toEqual([{ ...any[0], PublishedPort: chosen }])
      expect(chosen).toBeGreaterThan(1024)
      const clash = sleeper('clash', { Slot: 2, Ports: [{ ...any[0], PublishedPort: chosen }] })
      await expect(started(executor, clash)).rejects.toThrow(
        `Bind for 0.0.0.0:${chosen} failed: port is already allocated`,
      )
    })
  })
}

/** A subnet that nothing else on a machine is likely to have. */
function aTestNetwork(): EngineNetwork {
  return {
    name: 'shoal-contract-test',
    networkId: 'contracttest',
    bridge: 'sb-contracttest',
    subnet: '10.199.77.0/24',
    gateway: '10.199.77.2',
    mtu: 1450,
    internal: false,
  }
}

async function started(
  executor: Executor,
  task: ReturnType<typeof aTask>,
): Promise<ContainerState | undefined> {
  await executor.prepare(task, new AbortController().signal)
  await executor.start(taskName(task))
  return executor.inspect(taskName(task))
}

/** Remembers events, and lets a test wait for one. */
class EventLog {
  readonly #events: ExecutorEvent[] = []
  readonly #abort = new AbortController()
  #wake: () => void = () => undefined

  constructor(executor: Executor) {
    executor.watch((event) => {
      this.#events.push(event)
      this.#wake()
    }, this.#abort.signal)
  }

  async seen(matches: (event: ExecutorEvent) => boolean): Promise<ExecutorEvent> {
    for (;;) {
      const event = this.#events.find(matches)
      if (event) return event
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  close(): void {
    this.#abort.abort()
  }
}
