import type { ConfigReference, ConfigSpec, SecretReference, SecretSpec } from '../documents/index.js'
import { refuseArgument } from './refuse.js'

const LARGEST_SECRET_BYTES = 500 * 1024
const LARGEST_CONFIG_BYTES = 1000 * 1024
const LONGEST_NAME = 64
const NAME = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const TEMPLATING = 'golang'

/** @throws InvalidDocument in Docker's words */
export function validateSecretSpec(spec: SecretSpec): void {
  checkName(spec.Name ?? '')
  checkTemplating(spec)
  checkData(spec.Data ?? '', 'secret', LARGEST_SECRET_BYTES)
}

/** @throws InvalidDocument in Docker's words */
export function validateConfigSpec(spec: ConfigSpec): void {
  checkName(spec.Name ?? '')
  checkTemplating(spec)
  checkData(spec.Data ?? '', 'config', LARGEST_CONFIG_BYTES)
}

function checkName(name: string): void {
  if (name === '') refuseArgument('name must be provided')
  if (name.length > LONGEST_NAME || !NAME.test(name)) {
    refuseArgument(
      'invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]',
    )
  }
}

function checkTemplating({ Templating: driver }: SecretSpec | ConfigSpec): void {
  if (driver?.Name && driver.Name !== TEMPLATING) {
    refuseArgument(`unrecognized templating driver "${driver.Name}"`)
  }
}

/** Docker takes fewer bytes than its limit, and at least one. */
function checkData(data: string, kind: 'secret' | 'config', limit: number): void {
  if (!BASE64.test(data)) refuseArgument(`${kind} data is not standard base64`)
  const bytes = Buffer.byteLength(data, 'base64')
  if (bytes === 0 || bytes >= limit) {
    refuseArgument(`${kind} data must be larger than 0 and less than ${limit} bytes`)
  }
}

/** The secrets that a container is to get. @throws InvalidDocument in Docker's words */
export function validateSecretReferences(references: readonly SecretReference[]): void {
  checkReferences(
    'secret',
    references.map(({ SecretID, SecretName, File }) => ({ id: SecretID, name: SecretName, file: File })),
  )
}

/**
 * The configs that a container is to get; one for the container's runtime (a credential spec) has no file.
 * @throws InvalidDocument in Docker's words
 */
export function validateConfigReferences(references: readonly ConfigReference[]): void {
  for (const { Runtime: runtime, File: file } of references) {
    if (runtime && file) refuseArgument('malformed config reference, both File and Runtime are given')
  }
  const files = references.filter(({ Runtime: runtime }) => !runtime)
  checkReferences(
    'config',
    files.map(({ ConfigID, ConfigName, File }) => ({ id: ConfigID, name: ConfigName, file: File })),
  )
}

interface Reference {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly file: SecretReference['File']
}

function checkReferences(kind: 'secret' | 'config', references: readonly Reference[]): void {
  const targets = new Map<string, string>()
  for (const { id, name, file } of references) {
    if (!id || !name) refuseArgument(`malformed ${kind} reference`)
    if (!file) refuseArgument(`malformed ${kind} reference, no target provided`)
    const target = file.Name ?? ''
    if (target === '') refuseArgument(`malformed file ${kind} reference, invalid target file name provided`)
    const other = targets.get(target)
    if (other !== undefined) {
      refuseArgument(`${kind} references '${other}' and '${name}' have a conflicting target: '${target}'`)
    }
    targets.set(target, name)
  }
}
