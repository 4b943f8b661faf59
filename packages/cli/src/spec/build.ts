import type { ServiceSpec } from '@shoal/engine-api'
import { type GivenFlags, newDraft, type ServiceDraft, type Surroundings } from './draft.js'
import {
  checkConflicts,
  finishChangedCapabilities,
  finishLogDriver,
  finishMode,
  finishNewCapabilities,
  finishReplicas,
} from './finish.js'
import type { Flag } from './flag.js'
import { CREATE_FLAGS, UPDATE_FLAGS } from './table.js'

/**
 * The draft of a new service.
 * @param image as it was typed
 * @param args what follows the image: arguments of its entrypoint
 * @throws invalid-argument in docker's words
 */
export function draftNewService(
  image: string,
  args: readonly string[],
  given: GivenFlags,
  surroundings: Surroundings,
): ServiceDraft {
  const draft = newDraft(emptySpec(image, args), given, surroundings)
  applyFlags(CREATE_FLAGS, draft)
  finishMode(draft)
  finishLogDriver(draft)
  finishNewCapabilities(draft)
  return draft
}

/**
 * The draft of a changed service.
 * @param spec the service's present spec, which stays as it is
 * @throws invalid-argument in docker's words
 */
export function draftChangedService(
  spec: ServiceSpec,
  given: GivenFlags,
  surroundings: Surroundings,
): ServiceDraft {
  const draft = newDraft(spec, given, surroundings)
  applyFlags(UPDATE_FLAGS, draft)
  finishReplicas(draft)
  finishLogDriver(draft)
  finishChangedCapabilities(draft)
  return draft
}

/** The flags are applied in the table's order, not in the user's: removing and adding have a fixed order. */
function applyFlags(flags: readonly Flag[], draft: ServiceDraft): void {
  checkConflicts(draft.given)
  for (const flag of flags) {
    const values = draft.given.get(flag.name)
    if (values !== undefined) flag.apply(draft, values)
  }
}

/** What docker sends when only an image was given. */
function emptySpec(image: string, args: readonly string[]): ServiceSpec {
  return {
    Name: '',
    Labels: {},
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        ...(args.length > 0 && { Args: [...args] }),
        Init: false,
        DNSConfig: {},
      },
      Resources: { Limits: {}, Reservations: {} },
      Placement: {},
    },
    EndpointSpec: { Mode: 'vip' },
  }
}
