import {
  ConfigSpec,
  NetworkCreate,
  NodeSpec,
  SecretSpec,
  ServiceSpec,
  SwarmSpec,
} from '../documents/index.js'
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

/** @throws InvalidDocument when `json` is no body of `POST /networks/create` */
export function readNetworkCreate(json: unknown): NetworkCreate {
  return decode(NetworkCreate, 'CreateRequest', json) as NetworkCreate
}

/** @throws InvalidDocument when `json` is no SecretSpec */
export function readSecretSpec(json: unknown): SecretSpec {
  return decode(SecretSpec, 'SecretSpec', json) as SecretSpec
}

/** @throws InvalidDocument when `json` is no ConfigSpec */
export function readConfigSpec(json: unknown): ConfigSpec {
  return decode(ConfigSpec, 'ConfigSpec', json) as ConfigSpec
}
