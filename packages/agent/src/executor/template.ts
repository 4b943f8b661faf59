import { ShoalError } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import { slotName, taskName } from './naming.js'
import type { NodeFacts } from './port.js'

const PLACEHOLDER = /\{\{-?\s*(.*?)\s*-?\}\}/gu
const CALL = /^(secret|config|env)\s+"((?:[^"\\]|\\.)*)"$/u
const LABEL_INDEX = /^index\s+\.Service\.Labels\s+"((?:[^"\\]|\\.)*)"$/u

/** What templated secrets and configs may ask for beside the placeholders; undefined: there is no such thing. */
export type Lookup = (what: 'secret' | 'config' | 'env', name: string) => string | undefined

/**
 * Fills in Docker's placeholders: `{{.Service.Name}}`, `{{.Node.Hostname}}`, `{{.Task.Slot}}` and so on, and
 * `{{index .Service.Labels "key"}}`.
 * @param what the field that is expanded, for the message
 * @param lookup answers `{{secret "target"}}`, `{{config "target"}}` and `{{env "NAME"}}`, where they are allowed
 * @throws ShoalError invalid-argument for a placeholder that nobody knows, or one that is not closed
 */
export function expandTemplate(
  text: string,
  what: string,
  task: AssignedTask,
  node: NodeFacts,
  lookup: Lookup = () => undefined,
): string {
  if (!text.includes('{{')) return text
  const expanded = text.replaceAll(PLACEHOLDER, (_, expression: string) => {
    const value = called(expression, lookup) ?? evaluate(expression, task, node)
    if (value === undefined) throw refused(what, `can't evaluate {{${expression}}}`)
    return value
  })
  if (text.replaceAll(PLACEHOLDER, '').includes('{{')) throw refused(what, 'unclosed action')
  return expanded
}

function refused(what: string, why: string): ShoalError {
  return new ShoalError('invalid-argument', `expanding ${what} failed: ${why}`)
}

function called(expression: string, lookup: Lookup): string | undefined {
  const [, what, name = ''] = CALL.exec(expression) ?? []
  if (what === undefined) return undefined
  return lookup(what as 'secret' | 'config' | 'env', name.replaceAll(/\\(.)/gu, '$1'))
}

function evaluate(expression: string, task: AssignedTask, node: NodeFacts): string | undefined {
  const label = LABEL_INDEX.exec(expression)?.[1]
  if (label !== undefined) return task.ServiceLabels[label.replaceAll(/\\(.)/gu, '$1')] ?? ''
  switch (expression) {
    case '.Service.ID':
      return task.ServiceID
    case '.Service.Name':
      return task.ServiceName
    case '.Service.Labels':
      return goMap(task.ServiceLabels)
    case '.Node.ID':
      return node.nodeId
    case '.Node.Hostname':
      return node.hostname
    case '.Node.Platform':
      return `{${node.architecture} ${node.os}}`
    case '.Node.Platform.Architecture':
      return node.architecture
    case '.Node.Platform.OS':
      return node.os
    case '.Task.ID':
      return task.ID
    case '.Task.Name':
      return taskName(task)
    case '.Task.Slot':
      return slotName(task)
    default:
      return labelByDot(expression, task)
  }
}

/** Go lets a map be read by a dot: `{{.Service.Labels.tier}}`; a missing key is `<no value>`. */
function labelByDot(expression: string, task: AssignedTask): string | undefined {
  const key = /^\.Service\.Labels\.(\w+)$/u.exec(expression)?.[1]
  return key === undefined ? undefined : (task.ServiceLabels[key] ?? '<no value>')
}

/** A map as Go prints it, which is what Docker puts there. */
function goMap(map: Readonly<Record<string, string>>): string {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, value]) => `${key}:${value}`).join(' ')}]`
}
