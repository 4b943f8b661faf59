import type { Config, Secret, Service, ServiceSpec, StringMap } from '@shoal/engine-api'
import { NAMESPACE_LABEL } from '../convert/names.js'
import type { DesiredFile, DesiredStack } from '../convert/stack.js'
import { conflict } from './conflict.js'
import { CONTENT_LABEL, isMarkOf } from './content.js'
import { changedFields } from './fields.js'
import type { Observed } from './observed.js'
import type { Step } from './step.js'

/** Says of which file an object is a version. */
export const FILE_LABEL = 'shoal.stack.file'

type Kind = DesiredFile['kind']

export interface FilePlan {
  steps: Step[]
  /** The name of the version that services refer to, by kind and by the name of the file. */
  versionOf(kind: Kind, name: string): string
  /** Versions that nobody may need any more, unless a service refers to them. */
  outdated: { kind: Kind; present: Secret | Config }[]
}

/**
 * Which secrets and configs a deploy makes. One whose content changes cannot be changed in place: another version
 * gets the name with the next number, `shop_door-2`.
 */
export function planFiles({ stack, files }: DesiredStack, observed: Observed, prune: boolean): FilePlan {
  const steps: Step[] = []
  const versions = new Map<string, string>()
  const outdated: FilePlan['outdated'] = []
  const taken = new Set(files.map(({ kind, name }) => `${kind} ${name}`))
  for (const file of files) {
    const all: readonly (Secret | Config)[] = file.kind === 'secret' ? observed.secrets : observed.configs
    const known = all.filter((present) => isVersionOf(present, file))
    const stranger = known.find(({ Spec }) => Spec.Labels?.[NAMESPACE_LABEL] !== stack)
    if (stranger) throw conflict(file.kind, stranger.Spec.Name ?? file.name, stack)
    const match = known.find((present) => hasContent(present, file))
    const name = match?.Spec.Name ?? freeName(file, all, taken)
    taken.add(`${file.kind} ${name}`)
    versions.set(`${file.kind} ${file.name}`, name)
    const last = known.at(-1)?.Spec.Name
    if (match === undefined) steps.push({ kind: 'create-file', file, name, replaces: last })
    else steps.push(...labelChange(file, match))
    for (const present of known) if (present !== match) outdated.push({ kind: file.kind, present })
  }
  if (prune) outdated.push(...strangersOf(stack, files, observed))
  return { steps, outdated, versionOf: (kind, name) => versions.get(`${kind} ${name}`) ?? name }
}

function isVersionOf({ Spec }: Secret | Config, { name }: DesiredFile): boolean {
  return Spec.Name === name || Spec.Labels?.[FILE_LABEL] === name
}

function hasContent(present: Secret | Config, file: DesiredFile): boolean {
  const { Spec } = present
  const driver = 'Driver' in Spec ? Spec.Driver : undefined
  if ((Spec.Templating?.Name ?? '') !== (file.templating ?? '')) return false
  if (changedFields(driver, file.driver).length > 0) return false
  if (file.data === undefined) return true
  if (file.kind === 'config') return 'Data' in Spec && Spec.Data === file.data
  return isMarkOf(Spec.Labels?.[CONTENT_LABEL], file.data)
}

function freeName(
  { kind, name }: DesiredFile,
  all: readonly (Secret | Config)[],
  taken: ReadonlySet<string>,
): string {
  const used = new Set(all.map(({ Spec }) => Spec.Name))
  if (!used.has(name)) return name
  for (let number = 2; ; number++) {
    const next = `${name}-${number}`
    if (!used.has(next) && !taken.has(`${kind} ${next}`)) return next
  }
}

function labelChange(file: DesiredFile, present: Secret | Config): Step[] {
  const before = present.Spec.Labels ?? {}
  const marks = Object.entries(before).filter(([key]) => key === FILE_LABEL || key === CONTENT_LABEL)
  const labels: StringMap = { ...file.labels, ...Object.fromEntries(marks) }
  const fields = changedFields(before, labels, 'Labels')
  return fields.length === 0 ? [] : [{ kind: 'update-file', file: file.kind, present, labels, fields }]
}

/** What the stack once had and its files do not name any more. */
function strangersOf(
  stack: string,
  files: readonly DesiredFile[],
  { secrets, configs }: Observed,
): FilePlan['outdated'] {
  const gone = (kind: Kind, all: readonly (Secret | Config)[]): FilePlan['outdated'] =>
    all
      .filter(({ Spec }) => Spec.Labels?.[NAMESPACE_LABEL] === stack)
      .filter((present) => !files.some((file) => file.kind === kind && isVersionOf(present, file)))
      .map((present) => ({ kind, present }))
  return [...gone('secret', secrets), ...gone('config', configs)]
}

/** The names of the secrets and configs that services refer to, those of the specs that a rollback brings back too. */
export function referredFiles(
  services: readonly Pick<Service, 'Spec' | 'PreviousSpec'>[],
): ReadonlySet<string> {
  const names = new Set<string>()
  const add = (spec: ServiceSpec | undefined): void => {
    const { Secrets = [], Configs = [] } = spec?.TaskTemplate?.ContainerSpec ?? {}
    for (const { SecretName } of Secrets) names.add(`secret ${SecretName}`)
    for (const { ConfigName } of Configs) names.add(`config ${ConfigName}`)
  }
  for (const { Spec, PreviousSpec } of services) {
    add(Spec)
    add(PreviousSpec)
  }
  return names
}
