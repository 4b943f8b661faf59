import { ShoalError } from '@shoal/common/errors'

/** What has the name that a stack needs, and is not the stack's. */
export function conflict(kind: string, name: string, stack: string): ShoalError {
  return new ShoalError('already-exists', `${kind} ${name} exists and does not belong to the stack ${stack}`)
}
