import { MOUNT_TYPES, type Mount } from '../documents/index.js'
import { checkWord, isTemplate, quoted, refuse, refuseArgument } from './refuse.js'

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']
const CONSISTENCIES = ['default', 'consistent', 'cached', 'delegated']

/** @throws InvalidDocument for the first mount that no node could carry out, and for two at one place */
export function validateMounts(mounts: readonly Mount[]): void {
  const targets = new Set<string>()
  for (const mount of mounts) {
    checkWord(mount.Type?.toLowerCase(), MOUNT_TYPES, () => `invalid MountType: ${quoted(mount.Type ?? '')}`)
    checkWord(
      mount.BindOptions?.Propagation?.toLowerCase(),
      PROPAGATIONS,
      (word) => `invalid MountBindPropagation: ${quoted(word)}`,
    )
    checkWord(
      mount.Consistency?.toLowerCase(),
      CONSISTENCIES,
      (word) => `invalid Mount Consistency: ${quoted(word)}`,
    )
    checkPlaces(mount)
    checkOptions(mount)
    const target = mount.Target ?? ''
    if (targets.has(target)) refuseArgument(`ContainerSpec: duplicate mount point: ${target}`)
    targets.add(target)
  }
}

function checkPlaces(mount: Mount): void {
  const { Target: target = '', Source: source = '' } = mount
  if (target === '')
    refuse('invalid mount config for type ' + quoted(typeOf(mount)) + ': field Target must not be empty')
  if (!target.startsWith('/') && !isTemplate(target)) {
    refuse(`invalid mount target, must be an absolute path: ${target}`)
  }
  if (target === '/')
    refuse(
      `invalid mount config for type ${quoted(typeOf(mount))}: invalid specification: destination can't be '/'`,
    )
  if (isTemplate(source)) return
  switch (typeOf(mount)) {
    case 'bind':
      if (!source.startsWith('/')) refuse(`invalid bind mount source, must be an absolute path: ${source}`)
      return
    case 'volume':
      checkVolumeName(source)
      return
    case 'tmpfs':
      if (source !== '') refuse('invalid tmpfs source, source must be empty')
      return
    default:
  }
}

function checkVolumeName(source: string): void {
  if (source.startsWith('/')) refuse(`invalid volume mount source, must not be an absolute path: ${source}`)
  if (source !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source)) {
    refuse(
      `create ${source}: ${quoted(source)} includes invalid characters for a local volume name, ` +
        'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
    )
  }
}

function checkOptions(mount: Mount): void {
  const type = typeOf(mount)
  const foreign = [
    ['bind', 'BindOptions', mount.BindOptions],
    ['volume', 'VolumeOptions', mount.VolumeOptions],
    ['tmpfs', 'TmpfsOptions', mount.TmpfsOptions],
  ] as const
  for (const [owner, name, options] of foreign) {
    if (options && owner !== type)
      refuse(`invalid mount config for type ${quoted(type)}: field ${name} must not be specified`)
  }
  if ((mount.TmpfsOptions?.SizeBytes ?? 0) < 0) {
    refuse('invalid mount config for type "tmpfs": size must not be negative')
  }
}

/** The type of a mount; Docker takes an absent one for a bind mount. */
function typeOf(mount: Mount): string {
  return mount.Type?.toLowerCase() || 'bind'
}
