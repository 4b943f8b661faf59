import { mustRun, onHost, until } from '@shoal/lab'
import type { Machine, OpenPath, Scene } from './paths.js'
import { BACKEND_IMAGE, BACKEND_PORT } from './tools.js'

const PATIENCE_MS = 60_000

/** The routing mesh, through the near host to a task on it. */
export const meshLocal = (scene: Scene): Promise<OpenPath> =>
  published(scene, scene.near, { service: 'bench-local', port: 8_600 })
/** The routing mesh, through the near host to a task on the other one. */
export const meshRemote = (scene: Scene): Promise<OpenPath> =>
  published(scene, scene.far, { service: 'bench-remote', port: 8_601 })

interface Publication {
  readonly service: string
  readonly port: number
}

async function published(
  { client, near }: Scene,
  place: Machine,
  { service, port }: Publication,
): Promise<OpenPath> {
  const publish = `published=${port},target=${BACKEND_PORT}`
  const constraint = `node.hostname==${place.hostname}`
  const options = ['--name', service, '--publish', publish, '--constraint', constraint, '--detach']
  await mustRun(near.name, ['ctl', 'service', 'create', ...options, BACKEND_IMAGE])
  const address = `${client.hostAddress}:${port}`
  const answered = await until(PATIENCE_MS, async () => (await client.isAnswered(address)) || undefined)
  if (!answered) {
    const { stdout } = await onHost(near.name, ['ctl', 'service', 'ps', '--no-trunc', service])
    throw new Error(`the published port ${address} does not answer:\n${stdout}`)
  }
  return {
    address,
    async close() {
      await mustRun(near.name, ['ctl', 'service', 'rm', service])
    },
  }
}

/** Waits until no task is left of the services that have been closed. */
export async function tasksGone({ near, far }: Scene): Promise<void> {
  const gone = await until(PATIENCE_MS, async () => {
    const { stdout } = await onHost(near.name, ['ctl', 'node', 'ps', '-q', near.hostname, far.hostname])
    return stdout.trim() === '' ? true : undefined
  })
  if (!gone) throw new Error('a task of a service that was removed is still there')
}
