import { resolve } from 'node:path'
import type { Mount } from '@shoal/engine-api'
import { parseCsv } from './csv.js'
import { cut, invalid } from './invalid.js'
import { parseBytes } from './numbers.js'

type Setter = (mount: Mount, value: string, key: string) => void

const volume = (mount: Mount): NonNullable<Mount['VolumeOptions']> =>
  (mount.VolumeOptions ??= { Labels: {}, DriverConfig: {} })
const bind = (mount: Mount): NonNullable<Mount['BindOptions']> => (mount.BindOptions ??= {})
const tmpfs = (mount: Mount): NonNullable<Mount['TmpfsOptions']> => (mount.TmpfsOptions ??= {})

const setTarget: Setter = (mount, value) => (mount.Target = value)
const setReadOnly: Setter = (mount, value, key) => (mount.ReadOnly = bool(value, key))
const setSource: Setter = (mount, value) => (mount.Source = value.startsWith('.') ? resolve(value) : value)

/** What each key of `--mount` sets. */
const SETTERS: Record<string, Setter> = {
  type: (mount, value) => (mount.Type = value.toLowerCase()),
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  consistency: (mount, value) => (mount.Consistency = value.toLowerCase()),
  'bind-propagation': (mount, value) => (bind(mount).Propagation = value.toLowerCase()),
  'bind-nonrecursive': (mount, value, key) => (bind(mount).NonRecursive = bool(value, key)),
  'bind-recursive': setRecursive,
  'volume-subpath': (mount, value) => (volume(mount).Subpath = value),
  'volume-nocopy': (mount, value, key) => (volume(mount).NoCopy = bool(value, key)),
  'volume-label': (mount, value) => (volume(mount).Labels = withPair(volume(mount).Labels, value)),
  'volume-driver': (mount, value) => {
    volume(mount).DriverConfig = { ...volume(mount).DriverConfig, Name: value }
  },
  'volume-opt': (mount, value) => {
    const driver = volume(mount).DriverConfig
    volume(mount).DriverConfig = { ...driver, Options: withPair(driver?.Options, value) }
  },
  'image-subpath': (mount, value) => (mount.ImageOptions = { Subpath: value }),
  'tmpfs-size': (mount, value, key) => {
    try {
      tmpfs(mount).SizeBytes = parseBytes(value)
    } catch {
      throw invalid(`invalid value for ${key}: ${value}`)
    }
  },
  'tmpfs-mode': (mount, value, key) => {
    if (!/^[0-7]+$/.test(value)) throw invalid(`invalid value for ${key}: ${value}`)
    tmpfs(mount).Mode = Number.parseInt(value, 8)
  },
}

/** Keys that may stand without a value and then mean yes. */
const SWITCHES = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'])

/** A mount, `type=volume,source=data,target=/data,…`. A relative source is taken from the current folder. */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume' }
  for (const field of parseCsv(text)) {
    const [rawKey, value] = cut(field)
    const key = rawKey.toLowerCase()
    if (value === undefined && !SWITCHES.has(key)) {
      throw invalid(`invalid field '${field}' must be a key=value pair`)
    }
    const set = SETTERS[key]
    if (set === undefined) throw invalid(`unexpected key '${key}' in '${field}'`)
    set(mount, value ?? 'true', key)
  }
  checkMount(mount)
  return mount
}

function checkMount(mount: Mount): void {
  if (!mount.Type) throw invalid('type is required')
  if (!mount.Target) throw invalid('target is required')
  const families = [
    ['volume', mount.VolumeOptions],
    ['image', mount.ImageOptions],
    ['bind', mount.BindOptions],
    ['tmpfs', mount.TmpfsOptions],
  ] as const
  for (const [family, options] of families) {
    if (options !== undefined && mount.Type !== family) {
      throw invalid(`cannot mix '${family}-*' options with mount type '${mount.Type}'`)
    }
  }
  checkRecursion(mount)
}

function checkRecursion(mount: Mount): void {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = mount.BindOptions ?? {}
  if (ReadOnlyNonRecursive && !mount.ReadOnly) {
    throw invalid("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction")
  }
  if (ReadOnlyForceRecursive && !mount.ReadOnly) {
    throw invalid("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction")
  }
  if (ReadOnlyForceRecursive && Propagation !== 'rprivate') {
    throw invalid(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    )
  }
}

function setRecursive(mount: Mount, value: string, key: string): void {
  const options = bind(mount)
  if (value === 'disabled') options.NonRecursive = true
  else if (value === 'writable') options.ReadOnlyNonRecursive = true
  else if (value === 'readonly') options.ReadOnlyForceRecursive = true
  else if (value !== 'enabled') {
    throw invalid(
      `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
    )
  }
}

function bool(text: string, key: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false
  throw invalid(`invalid value for ${key}: ${text}`)
}

function withPair(map: Record<string, string> | undefined, pair: string): Record<string, string> {
  const [key, value] = cut(pair)
  return key === '' ? { ...map } : { ...map, [key]: value ?? '' }
}
