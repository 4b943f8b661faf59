import { posix } from 'node:path'
import { ShoalError } from '@shoal/common'
import type { AssignedTask, SecretReference } from '@shoal/engine-api'

/** One secret or config as a container is to have it. */
export interface WantedFile {
  readonly kind: 'secret' | 'config'
  readonly id: string
  readonly name: string
  /** Absolute, in the container. */
  readonly target: string
  readonly uid: number
  readonly gid: number
  /** Permission bits. */
  readonly mode: number
}

const SECRETS_FOLDER = '/run/secrets'
const DEFAULT_MODE = 0o444

/**
 * The files that a task's spec asks for. A secret's relative target is below /run/secrets, a config's below /.
 * @throws ShoalError `invalid-argument` for an owner that is no number, `unimplemented` for a runtime's config
 */
export function filesOf(task: AssignedTask): WantedFile[] {
  const { Secrets: secrets = [], Configs: configs = [] } = task.Spec.ContainerSpec ?? {}
  return [
    ...secrets.map((one) => wanted('secret', one.SecretID, one.SecretName, one.File, SECRETS_FOLDER)),
    ...configs.map((one) => {
      if (one.Runtime)
        throw new ShoalError('unimplemented', `config ${one.ConfigName}: configs for a container's runtime`)
      return wanted('config', one.ConfigID, one.ConfigName, one.File, '/')
    }),
  ]
}

function wanted(
  kind: WantedFile['kind'],
  id = '',
  name = '',
  file: SecretReference['File'],
  folder: string,
): WantedFile {
  const { Name: target = name, UID: uid = '0', GID: gid = '0', Mode: mode = DEFAULT_MODE } = file ?? {}
  return {
    kind,
    id,
    name,
    target: posix.resolve(folder, target),
    uid: numberOf(uid, `${kind} ${name}: UID`),
    gid: numberOf(gid, `${kind} ${name}: GID`),
    mode: mode & 0o7777,
  }
}

function numberOf(text: string, what: string): number {
  if (text === '') return 0
  if (/^\d{1,10}$/u.test(text)) return Number(text)
  throw new ShoalError('invalid-argument', `${what} ${text} is no number`)
}
