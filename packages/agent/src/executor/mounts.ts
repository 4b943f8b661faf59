import { ShoalError } from '@shoal/common'
import type { Mount } from '@shoal/engine-api'
import type { MountSettings } from 'dockerode'
import type { FileMount } from './port.js'
import { present } from './present.js'

/** Fills in the placeholders of a field; the second argument names the field. */
export type Expand = (text: string, what: string) => string

const MOUNTABLE = ['bind', 'volume', 'tmpfs', 'image']

/**
 * The mounts of a container. The engine checks them, and refuses a bind source that does not exist.
 * @throws ShoalError invalid-argument for a type that a Linux host cannot mount
 */
export function mounts(specs: readonly Mount[], expand: Expand): MountSettings[] {
  return specs.map((mount) => mountSettings(mount, expand))
}

export function fileMounts(files: readonly FileMount[]): MountSettings[] {
  return files.map(({ source, target }) => ({
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: true,
  }))
}

function mountSettings(mount: Mount, expand: Expand): MountSettings {
  const type = mount.Type ?? ''
  if (!MOUNTABLE.includes(type)) throw new ShoalError('invalid-argument', `invalid mount type: ${type}`)
  const settings = {
    Type: type,
    Source: mount.Source === undefined ? undefined : expand(mount.Source, 'mount source'),
    Target: mount.Target === undefined ? undefined : expand(mount.Target, 'mount target'),
    ReadOnly: mount.ReadOnly,
    Consistency: mount.Consistency || undefined,
    // dockerode's types lack the newer options (NonRecursive, CreateMountpoint, tmpfs Options …): the documents
    // of a service and of a container are the same here, so they are passed on as they are.
    BindOptions: mount.BindOptions,
    VolumeOptions: mount.VolumeOptions,
    TmpfsOptions: mount.TmpfsOptions,
    ImageOptions: mount.ImageOptions,
  }
  return present(settings) as MountSettings
}
