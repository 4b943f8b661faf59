import type { Service } from '../documents/index.js'
import { InvalidDocument } from '../invalid-document.js'
import { parseExpression } from './expression.js'
import { namesOfImage } from './image-names.js'

/** What a service is known by to affinities. */
export type NeighbourService = Readonly<Pick<Service, 'Spec'> & Partial<Pick<Service, 'ID'>>>

/** One parsed affinity, such as `affinity:service==db` or `affinity:tier!=~batch`. */
export interface Affinity {
  readonly text: string
  /** Whether a neighbour is asked for, or none. */
  readonly operator: '==' | '!='
  /** A wish: nodes that satisfy it come first, the others are not kept out. */
  readonly isSoft: boolean
  /** For those to a container: its name or ID. */
  readonly container: string | undefined
  /** For those to services, images and labels: whether the tasks of this service are meant. */
  readonly isMeant: (service: NeighbourService) => boolean
}

const PREFIX = 'affinity:'
const KEY = /^[a-z_][a-z0-9_./-]*$/i

/** Affinities stand among the constraints of a placement. */
export function isAffinity(text: string): boolean {
  return text.trimStart().startsWith(PREFIX)
}

/**
 * Parses the affinities among the constraints of a placement.
 * @throws InvalidDocument for the first that is none
 */
export function parseAffinities(texts: readonly string[]): Affinity[] {
  return texts.filter(isAffinity).map(parseAffinity)
}

function parseAffinity(text: string): Affinity {
  const expression = parseExpression(text.trimStart().slice(PREFIX.length), KEY)
  const { key, operator, isSoft, value, accepts } = expression
  const isToContainer = key === 'container'
  if (isToContainer && value === undefined) {
    throw new InvalidDocument(
      `${text}: an affinity to a container takes no regular expression: one to a service does`,
    )
  }
  const container = isToContainer ? value : undefined
  return {
    text,
    operator,
    isSoft,
    container,
    isMeant: isToContainer ? () => false : serviceTest(key, accepts),
  }
}

function serviceTest(key: string, accepts: (text: string) => boolean): Affinity['isMeant'] {
  switch (key) {
    case 'service':
      return ({ ID: id, Spec: spec }) => accepts(spec.Name ?? '') || (id !== undefined && accepts(id))
    case 'image':
      return ({ Spec: spec }) =>
        namesOfImage(spec.TaskTemplate?.ContainerSpec?.Image ?? '').some((name) => accepts(name))
    default:
      return ({ Spec: spec }) =>
        [spec.Labels?.[key], spec.TaskTemplate?.ContainerSpec?.Labels?.[key]].some(
          (value) => value !== undefined && accepts(value),
        )
  }
}
