import { ShoalError } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { locateExec } from './exec-id.js'
import { containerName, findContainer } from './find.js'

/** Where a request of one container or exec goes. */
export interface Target {
  readonly nodeId: string
  /** As the node's engine knows it, without version and query. */
  readonly path: string
  /** `GET json`, `POST exec/start` …: the last part of the path, with `exec/` before that of an exec. */
  readonly operation: string
  /** Absent for what is asked of an exec. */
  readonly task?: TaskRecord
}

const RELAYED: ReadonlySet<string> = new Set([
  'GET json',
  'GET logs',
  'GET top',
  'GET stats',
  'GET changes',
  'GET export',
  'GET archive',
  'HEAD archive',
  'PUT archive',
  'POST attach',
  'POST exec',
  'POST resize',
  'POST wait',
  'GET exec/json',
  'POST exec/start',
  'POST exec/resize',
])

/** What Docker does to any container, and Shoal to tasks only: by what a user asks for it, and how to get it. */
const TASKS_ONLY: Readonly<Record<string, string>> = {
  'POST start': 'started',
  'POST stop': 'stopped',
  'POST restart': 'restarted',
  'POST kill': 'killed',
  'POST pause': 'paused',
  'POST unpause': 'unpaused',
  'POST rename': 'renamed',
  'POST update': 'updated',
  DELETE: 'removed',
}

const CONTAINER = /^\/containers\/(.+?)(?:\/([a-z]+))?$/
const EXEC = /^\/exec\/([^/]+)\/([a-z]+)$/

/**
 * Reads the path of a request that concerns one container or exec.
 * @param path without version and query
 * @returns undefined for paths that are none of these
 * @throws ShoalError `not-found` for an unknown container or exec, `failed-precondition` for what only tasks are for
 */
export function targetOf(state: StateView, method: string, path: string): Target | undefined {
  const [, execId, execOperation] = EXEC.exec(path) ?? []
  if (execId !== undefined) return targetOfExec(state, decode(execId), `${method} exec/${execOperation}`)
  const [, rest = '', last = ''] = CONTAINER.exec(path) ?? []
  if (rest === '') return undefined
  if (method === 'DELETE') throw refusal(state, decode(last === '' ? rest : `${rest}/${last}`), 'removed')
  const operation = `${method} ${last}`
  const done = TASKS_ONLY[operation]
  if (done !== undefined) throw refusal(state, decode(rest), done)
  if (!RELAYED.has(operation)) return undefined
  const { task, nodeId, containerId } = findContainer(state, decode(rest))
  return { nodeId, path: `/containers/${containerId}/${last}`, operation, task }
}

function targetOfExec(state: StateView, id: string, operation: string): Target | undefined {
  if (!RELAYED.has(operation)) return undefined
  const location = locateExec(id)
  if (!location || !state.get('node', location.nodeId)) {
    throw new ShoalError('not-found', `No such exec instance: ${id}`)
  }
  const { nodeId, engineId } = location
  const name = operation.slice(operation.indexOf('/') + 1)
  return { nodeId, path: `/exec/${engineId}/${name}`, operation }
}

function refusal(state: StateView, reference: string, done: string): ShoalError {
  const { task } = findContainer(state, reference)
  return new ShoalError(
    'failed-precondition',
    `container ${containerName(state, task)} is a task's and cannot be ${done} by itself: ` +
      'scale, update or remove its service, or drain its node',
  )
}

/** @throws ShoalError `invalid-argument` */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed path: ${part}`, error)
  }
}
