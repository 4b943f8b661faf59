import type { ConfigReference, SecretReference } from '@shoal/engine-api'
import { parseCsv } from './csv.js'
import { cut, invalid } from './invalid.js'

interface FileReference {
  source: string
  file: { Name: string; UID: string; GID: string; Mode: number }
}

/** Readable by everybody, r--r--r--. */
const DEFAULT_MODE = 0o444

/** A secret to expose: its name, or `source=…,target=…,uid=…,gid=…,mode=…`. Its ID is looked up later. */
export function parseSecret(text: string): SecretReference {
  const { source, file } = parseReference(text, 'secret')
  return { File: file, SecretName: source }
}

/** A config to expose, in the same form as a secret. */
export function parseConfig(text: string): ConfigReference {
  const { source, file } = parseReference(text, 'config')
  return { File: file, ConfigName: source }
}

function parseReference(text: string, kind: string): FileReference {
  const fields = parseCsv(text)
  const file = { Name: '', UID: '0', GID: '0', Mode: DEFAULT_MODE }
  const only = fields.length === 1 ? fields[0] : undefined
  if (only !== undefined && !only.includes('=')) return { source: only, file: { ...file, Name: only } }
  let source = ''
  for (const field of fields) {
    const [key, value] = cut(field)
    if (value === undefined || key === '') throw invalid(`invalid field '${field}' must be a key=value pair`)
    const name = key.toLowerCase()
    if (name === 'source' || name === 'src') source = value
    else if (name === 'target') file.Name = value
    else if (name === 'uid') file.UID = value
    else if (name === 'gid') file.GID = value
    else if (name === 'mode') file.Mode = parseMode(value)
    else throw invalid(`invalid field in ${kind} request: ${name}`)
  }
  if (source === '') throw invalid('source is required')
  return { source, file: { ...file, Name: file.Name === '' ? source : file.Name } }
}

/** A Unix mode as Go reads a number: `0444` and `0o444` are octal, `292` is decimal. */
function parseMode(text: string): number {
  const octal = /^0o?([0-7]+)$/i.exec(text)?.[1]
  if (octal !== undefined) return Number.parseInt(octal, 8)
  if (/^(\d+|0x[0-9a-f]+|0b[01]+)$/i.test(text) && !/^0\d/.test(text)) return Number(text)
  throw invalid(`invalid mode specified: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
}

const CREDENTIAL_SOURCES = [
  ['config://', 'Config'],
  ['file://', 'File'],
  ['registry://', 'Registry'],
] as const

/** A credential spec, `config://…`, `file://…` or `registry://…`; the empty text removes it. */
export function parseCredentialSpec(
  text: string,
): { Config?: string; File?: string; Registry?: string } | undefined {
  if (text === '') return undefined
  for (const [prefix, field] of CREDENTIAL_SOURCES) {
    if (text.startsWith(prefix)) return { [field]: text.slice(prefix.length) }
  }
  throw invalid(
    'invalid credential spec: value must be prefixed with "config://", "file://", or "registry://"',
  )
}
