import { NodeSpec, ServiceSpec, SwarmSpec } from '../documents/index.js'
import { decode } from './decode.js'

/** @throws InvalidDocument when `json` is no ServiceSpec */
export function readServiceSpec(json: unknown): ServiceSpec {
  return decode(ServiceSpec, 'ServiceSpec', json) as ServiceSpec
}

/** @throws InvalidDocument when `json` is no NodeSpec */
export function readNodeSpec(json: unknown): NodeSpec {
  return decode(NodeSpec, 'NodeSpec', json) as NodeSpec
}

/** @throws InvalidDocument when `json` is no swarm Spec */
export function readSwarmSpec(json: unknown): SwarmSpec {
  return decode(SwarmSpec, 'Spec', json) as SwarmSpec
}
