/** Containers of tasks on this machine's own engine, reached through a manager's API: the stage of containers.test.ts. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { silentLogger, systemClock } from '@shoal/common'
import { CLUSTER_ID_LABEL, NODE_ID_LABEL, TASK_ID_LABEL } from '@shoal/agent/executor/index'
import { DEFAULT_RELAYS, Relays } from '@shoal/agent/relay/index'
import { type ApiOptions, createApi, EventLog, WriteQueue } from '@shoal/manager/api/index'
import { issueClient, provisionManager } from '@shoal/manager/ca/index'
import { Forwarder } from '@shoal/manager/forward/index'
import { Role } from '@shoal/manager/role'
import { type ClusterRecord, put, remove, type Mutation, type State } from '@shoal/manager/state/index'
import { aClusterWithApi } from './api-scene.js'
import { createScene, status, task, type Agent } from './session-scene.js'
import { eventually } from '../support/index.js'

const run = promisify(execFile)
const SOCKET = '/var/run/docker.sock'
const IMAGE = 'shoal-busybox:1'

export interface Done {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type ContainersScene = Awaited<ReturnType<typeof createContainersScene>>

/** One node, `n1`, with an agent; its engine is this machine's. */
export async function createContainersScene() {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-containers-'))
  const socketPath = join(folder, 'api.sock')
  const sessions = await createScene()
  const base = await aClusterWithApi()
  const { state } = sessions
  await state.commit([...beatSlowly(state), ...giveSpec(state), ...promote(state, 'n2')])
  const { engines } = sessions.manager.dispatcher
  const events = new EventLog(state, base.options.clock)
  const options = { ...base.options, state, events, writes: new WriteQueue(), engines }
  const api = createApi(options)
  await api.listen({ path: socketPath })
  const overTls = await listenWithTls(options, base.state.cluster(), folder)
  const secondary = await startSecondary(options, base.state.cluster(), overTls.port, folder)
  const owner = { nodeId: 'n1', clusterId: `cluster-${process.pid}-${folder.slice(-6)}` }
  let agent: Agent | undefined
  const startAgent = async (): Promise<void> => {
    const relays = new Relays({
      ...DEFAULT_RELAYS,
      socketPath: SOCKET,
      owner,
      clock: systemClock,
      log: silentLogger,
    })
    agent = sessions.startAgent('n1', { relays })
    await eventually(() => {
      if (!sessions.manager.dispatcher.connectedNodes().has('n1'))
        throw new Error('the agent is not connected')
    })
  }
  await startAgent()
  const containers: string[] = []
  /** The state says that the task has this container. */
  const claim = async (id: string, ContainerID: string): Promise<void> => {
    const ContainerStatus = { ContainerID, PID: 1, ExitCode: 0 }
    await state.commit([put('task', task(id, { Status: { ...status('running'), ContainerStatus } }))])
  }
  return {
    sessions,
    state,
    api,
    socketPath,
    owner,
    async stopAgent(): Promise<void> {
      await agent?.stop()
    },
    startAgent,
    /** Runs a container as the agent would for a task, and tells the state of it. @returns its ID */
    async runTask(id: string, script: string, flags: readonly string[] = []): Promise<string> {
      const labels = [
        `${NODE_ID_LABEL}=${owner.nodeId}`,
        `${CLUSTER_ID_LABEL}=${owner.clusterId}`,
        `${TASK_ID_LABEL}=${id}`,
        `com.docker.swarm.task.id=${id}`,
        `com.docker.swarm.task.name=web.1.${id}`,
      ]
      const args = ['run', '-d', ...labels.flatMap((label) => ['--label', label]), ...flags, IMAGE]
      const containerId = (await run('docker', [...args, 'sh', '-c', script])).stdout.trim()
      containers.push(containerId)
      await claim(id, containerId)
      return containerId
    },
    claim,
    /** Kills the task's container and removes it, as the agent would in the end. */
    async removeTask(id: string): Promise<void> {
      const record = state.get('task', id)
      const containerId = record?.Status.ContainerStatus?.ContainerID ?? ''
      await run('docker', ['rm', '-f', '-v', containerId])
      containers.splice(containers.indexOf(containerId), 1)
      if (record) await state.commit([remove('task', record)])
    },
    /** A task that runs on a node without an agent. */
    async taskElsewhere(id: string): Promise<void> {
      const ContainerStatus = { ContainerID: 'f'.repeat(64), PID: 1, ExitCode: 0 }
      const Status = { ...status('running'), ContainerStatus }
      await state.commit([put('task', task(id, { NodeID: 'n2', Slot: 2, Status }))])
    },
    async openExecs(id: string): Promise<number> {
      const name = state.get('task', id)?.Status.ContainerStatus?.ContainerID ?? ''
      return ((await run('docker', ['top', name])).stdout.match(/sleep 200/g) ?? []).length
    },
    /** A container of nobody's. */
    async runOther(): Promise<string> {
      const { stdout } = await run('docker', ['run', '-d', IMAGE, 'sleep', '300'])
      containers.push(stdout.trim())
      return stdout.trim()
    },
    /** The docker CLI, against the manager. */
    docker: (...args: string[]): Promise<Done> =>
      ask('docker', args, { DOCKER_HOST: `unix://${socketPath}` }),
    /** The same, while it goes on. */
    follow: (...args: string[]) => goOn(socketPath, args),
    /** The same, of a manager that is not the primary. */
    followSecondary: (...args: string[]) => goOn(secondary.socketPath, args),
    shell: (script: string): Promise<Done> =>
      ask('sh', ['-c', script], { DOCKER_HOST: `unix://${socketPath}` }),
    /** The same, with docker reaching the manager over TLS. */
    shellOverTls: (script: string): Promise<Done> => ask('sh', ['-c', script], overTls.environment),
    /** The same in a terminal, to which the inputs are typed a second apart. */
    inTerminal(command: string, inputs: readonly string[]): Promise<Done> {
      const typing = inputs.map((input) => `sleep 1; printf '${input}'`).join('; ')
      return ask('sh', ['-c', `(${typing}; sleep 1) | script -qefc '${command}' /dev/null`], {
        DOCKER_HOST: `unix://${socketPath}`,
      })
    },
    async end(): Promise<void> {
      if (containers.length > 0) await run('docker', ['rm', '-f', '-v', ...containers])
      await Promise.all([secondary.close(), api.close(), overTls.close()])
      await Promise.all([sessions.end(), base.end()])
      await rm(folder, { recursive: true })
    },
  }
}

/** A docker CLI that goes on. */
function goOn(socketPath: string, args: readonly string[]) {
  const child = spawn('docker', args, { env: { ...process.env, DOCKER_HOST: `unix://${socketPath}` } })
  const told = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (data: Buffer) => (told[name] += data.toString('utf8')))
  }
  const done = once(child, 'close').then(([code]): Done => ({ code: Number(code ?? -1), ...told }))
  return {
    stdout: () => told.stdout,
    stderr: () => told.stderr,
    done,
    async stop(): Promise<void> {
      child.kill()
      await done
    },
  }
}

/** Programs are started here: on a busy machine, signs of life may come late. */
function beatSlowly(state: State): Mutation[] {
  const cluster = state.cluster()
  if (!cluster) throw new Error('no cluster')
  return [put('cluster', { ...cluster, Spec: { ...cluster.Spec, Dispatcher: { HeartbeatPeriod: 5e9 } } })]
}

function promote(state: State, id: string): Mutation[] {
  const node = state.get('node', id)
  if (!node) throw new Error(`no node ${id}`)
  return [put('node', { ...node, Spec: { ...node.Spec, Role: 'manager' } })]
}

/** The docker CLI wants to see what the service runs. */
function giveSpec(state: State): Mutation[] {
  const service = state.get('service', 's1')
  if (!service) throw new Error('no service')
  const Spec = { ...service.Spec, TaskTemplate: { ContainerSpec: { Image: IMAGE } } }
  return [put('service', { ...service, Spec })]
}

/** A second listener, over TLS; its client's certificate is in a folder as docker wants it. */
async function listenWithTls(options: ApiOptions, cluster: ClusterRecord | undefined, folder: string) {
  if (!cluster) throw new Error('no cluster')
  const now = systemClock.now()
  const {
    keyPem: key,
    certificatePem: cert,
    rootsPem: ca,
  } = provisionManager(cluster, 'n1', ['127.0.0.1'], now)
  const api = createApi({ ...options, https: { key, cert, ca, requestCert: true, rejectUnauthorized: true } })
  await api.listen({ host: '127.0.0.1', port: 0 })
  const client = issueClient(cluster, 'admin', now)
  const files = { 'ca.pem': ca, 'cert.pem': client.certificatePem, 'key.pem': client.keyPem }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const { port } = api.server.address() as AddressInfo
  const environment = {
    DOCKER_HOST: `tcp://127.0.0.1:${port}`,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: folder,
  }
  return { environment, port, close: () => api.close() }
}

/** The API of a manager that passes on to the one over TLS. */
async function startSecondary(
  options: ApiOptions,
  cluster: ClusterRecord | undefined,
  port: number,
  folder: string,
) {
  if (!cluster) throw new Error('no cluster')
  const identity = provisionManager(cluster, 'n2', ['127.0.0.1'], systemClock.now())
  const leader = { managerId: 'n1', address: '', apiAddress: `127.0.0.1:${port}` }
  const passOn = new Forwarder({
    managerId: 'n2',
    role: new Role(),
    directory: { leader: () => leader, onChange: () => () => undefined },
    identity: () => identity,
    clock: systemClock,
    log: silentLogger,
  })
  const { engines: _none, ...others } = options
  const events = new EventLog(options.state, options.clock)
  const api = createApi({ ...others, events, passOn })
  const socketPath = join(folder, 'secondary.sock')
  await api.listen({ path: socketPath })
  const close = async (): Promise<void> => {
    passOn.close()
    await api.close()
  }
  return { socketPath, close }
}

async function ask(
  program: string,
  args: readonly string[],
  docker: Readonly<Record<string, string>>,
): Promise<Done> {
  const env = { ...process.env, ...docker, TERM: 'xterm' }
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
