import type { Mount } from '@shoal/engine-api'
import { parseBytes } from '../../values/index.js'
import {
  booleanAt,
  countAt,
  defined,
  invalidAt,
  listAt,
  mapAt,
  parsedAt,
  type Path,
  textAt,
  textsAt,
  type TreeMap,
} from '../read/tree.js'
import { isExternal, objectName, stackLabels, textMap } from './names.js'

/** The mounts of a service: `volumes`, then `tmpfs`. */
export function mountsOf(stack: string, service: TreeMap, volumes: TreeMap, path: Path): Mount[] {
  const here = [...path, 'volumes']
  const mounts = listAt(service['volumes'], here).map((item, index) => {
    const place = [...here, String(index)]
    return mountOf(stack, mapAt(item, place), volumes, place)
  })
  const inMemory = [...path, 'tmpfs']
  return [...mounts, ...textsAt(service['tmpfs'], inMemory).map((text) => tmpfsOf(text, inMemory))]
}

interface MountParts {
  stack: string
  source: string | undefined
  options: TreeMap
  volumes: TreeMap
  path: Path
}

function mountOf(stack: string, volume: TreeMap, volumes: TreeMap, path: Path): Mount {
  const type = textAt(volume['type'], [...path, 'type']) ?? 'volume'
  const source = textAt(volume['source'], [...path, 'source'])
  const target = textAt(volume['target'], [...path, 'target'])
  if (target === undefined) throw invalidAt(path, 'has no target')
  const options = OPTIONS[type]
  if (options === undefined) throw invalidAt([...path, 'type'], `cannot be honoured: ${type}`)
  for (const key of Object.keys(OPTIONS)) {
    if (key !== type && key in volume)
      throw invalidAt(path, `has options of ${key}, and is of the type ${type}`)
  }
  const mount: Mount = defined({
    Type: type,
    Source: source,
    Target: target,
    ReadOnly: booleanAt(volume['read_only'], [...path, 'read_only']) || undefined,
    Consistency: textAt(volume['consistency'], [...path, 'consistency']),
  })
  const parts = { stack, source, options: mapAt(volume[type], [...path, type]), volumes, path }
  return { ...mount, ...options(parts) }
}

const OPTIONS: Readonly<Record<string, (parts: MountParts) => Partial<Mount>>> = {
  bind: ({ source, options, path }) => {
    if (!source) throw invalidAt(path, 'is a bind mount without a source')
    const bind = defined({
      Propagation: textAt(options['propagation'], [...path, 'bind', 'propagation']),
      CreateMountpoint: booleanAt(options['create_host_path'], [...path, 'bind', 'create_host_path']),
    })
    return Object.keys(bind).length === 0 ? {} : { BindOptions: bind }
  },
  volume: namedVolume,
  tmpfs: ({ source, options, path }) => {
    if (source) throw invalidAt(path, 'is a tmpfs with a source')
    const tmpfs = defined({
      SizeBytes: parsedAt(options['size'], [...path, 'tmpfs', 'size'], parseBytes),
      Mode: countAt(options['mode'], [...path, 'tmpfs', 'mode']),
    })
    return Object.keys(tmpfs).length === 0 ? {} : { TmpfsOptions: tmpfs }
  },
  image: ({ options, path }) => {
    const subpath = textAt(options['subpath'], [...path, 'image', 'subpath'])
    return subpath === undefined ? {} : { ImageOptions: { Subpath: subpath } }
  },
}

function namedVolume({ stack, source, options, volumes, path }: MountParts): Partial<Mount> {
  const noCopy = booleanAt(options['nocopy'], [...path, 'volume', 'nocopy'])
  const subpath = textAt(options['subpath'], [...path, 'volume', 'subpath'])
  const labels = textMap(options['labels'], [...path, 'volume', 'labels'])
  const own = {
    ...defined({ NoCopy: noCopy || undefined, Subpath: subpath }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
  }
  if (!source) return Object.keys(own).length === 0 ? {} : { VolumeOptions: own }
  if (!Object.hasOwn(volumes, source)) throw invalidAt(path, `names an undefined volume: ${source}`)
  const here = ['volumes', source]
  const volume = mapAt(volumes[source], here)
  const Source = objectName(stack, source, volume, here)
  if (isExternal(volume, here)) return { Source, VolumeOptions: own }
  const { driver, driver_opts: driverOptions } = volume
  const DriverConfig = defined({
    Name: textAt(driver, [...here, 'driver']),
    Options: driverOptions === undefined ? undefined : textMap(driverOptions, [...here, 'driver_opts']),
  })
  return {
    Source,
    VolumeOptions: {
      ...own,
      Labels: { ...stackLabels(stack, volume['labels'], here), ...labels },
      ...(Object.keys(DriverConfig).length > 0 && { DriverConfig }),
    },
  }
}

/** `/run`, or with options, `/run:size=64m,mode=1777`. */
function tmpfsOf(text: string, path: Path): Mount {
  const [target = '', options = ''] = text.split(':')
  const tmpfs: NonNullable<Mount['TmpfsOptions']> = {}
  for (const option of options === '' ? [] : options.split(',')) {
    const [key, value = ''] = option.split('=')
    if (key === 'size') tmpfs.SizeBytes = parsedAt(value, path, parseBytes) ?? 0
    else if (key === 'mode' && /^[0-7]+$/.test(value)) tmpfs.Mode = Number.parseInt(value, 8)
    else throw invalidAt(path, `has an option that cannot be honoured: ${option}`)
  }
  return { Type: 'tmpfs', Target: target, ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }) }
}
