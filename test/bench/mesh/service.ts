import { mustRun, onHost, until } from '@shoal/lab'
import type { Machine, OpenPath, Scene } from './paths.js'
import { BACKEND_IMAGE, BACKEND_PORT } from './tools.js'

const SERVICE = 'bench'
const PUBLISHED = 8_600
const PATIENCE_MS = 60_000

/** The routing mesh, through the near host to a task on it. */
export const meshLocal = (scene: Scene): Promise<OpenPath> => published(scene, scene.near)
/** The routing mesh, through the near host to a task on the other one. */
export const meshRemote = (scene: Scene): Promise<OpenPath> => published(scene, scene.far)

async function published({ client, near }: Scene, place: Machine): Promise<OpenPath> {
  const publish = `published=${PUBLISHED},target=${BACKEND_PORT}`
  const constraint = `node.hostname==${place.hostname}`
  const options = ['--name', SERVICE, '--publish', publish, '--constraint', constraint, '--detach']
  await mustRun(near.name, ['ctl', 'service', 'create', ...options, BACKEND_IMAGE])
  const address = `${near.address}:${PUBLISHED}`
  const answered = await until(PATIENCE_MS, async () => {
    const { code } = await onHost(client.name, [
      'curl',
      '-sf',
      '-m',
      '1',
      '-o',
      '/dev/null',
      `http://${address}/`,
    ])
    return code === 0 ? true : undefined
  })
  if (!answered) {
    const { stdout } = await onHost(near.name, ['ctl', 'service', 'ps', '--no-trunc', SERVICE])
    throw new Error(`the published port ${address} does not answer:\n${stdout}`)
  }
  return { address, close: () => removeService(near.name) }
}

async function removeService(manager: string): Promise<void> {
  await mustRun(manager, ['ctl', 'service', 'rm', SERVICE])
  const gone = await until(PATIENCE_MS, async () => {
    const { stdout } = await onHost(manager, ['ctl', 'node', 'ps', '-q'])
    return stdout.trim() === '' ? true : undefined
  })
  if (!gone) throw new Error('a task of a service that was removed is still there')
}
