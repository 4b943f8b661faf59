import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { invalidAt, type Path, type TreeMap } from './tree.js'

const PROPAGATIONS = new Set(['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'])

/**
 * A volume in long syntax: `/target`, `name:/target`, `./folder:/target:ro`, with the options ro, rw, nocopy and a
 * propagation.
 * @param folder the absolute path that relative ones begin from
 */
export function shortVolume(text: string, path: Path, folder: string): TreeMap {
  const parts = text.split(':')
  if (parts.length > 3 || parts.includes('')) throw invalidAt(path, `is an invalid volume: ${text}`)
  if (parts.length === 1) return { type: 'volume', target: text }
  const [source = '', target = '', options = ''] = parts
  const isBind = /^[./~]/.test(source)
  const volume: TreeMap = {
    type: isBind ? 'bind' : 'volume',
    source: isBind ? hostPath(source, folder) : source,
    target,
  }
  for (const option of options === '' ? [] : options.split(',')) applyOption(volume, option, path)
  return volume
}

function applyOption(volume: TreeMap, option: string, path: Path): void {
  if (option === 'rw') return
  if (option === 'ro') volume['read_only'] = true
  else if (option === 'nocopy') volume['volume'] = { nocopy: true }
  else if (PROPAGATIONS.has(option)) volume['bind'] = { propagation: option }
  else throw invalidAt(path, `has a volume option that cannot be honoured: ${option}`)
}

function hostPath(source: string, folder: string): string {
  if (source === '~' || source.startsWith('~/')) return join(homedir(), source.slice(1))
  return isAbsolute(source) ? source : join(folder, source)
}
