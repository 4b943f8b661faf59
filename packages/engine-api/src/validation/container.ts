import { constants } from 'node:os'
import { isIP } from 'node:net'
import type { ContainerSpec, HealthConfig } from '../documents/index.js'
import { CAPABILITIES } from './capabilities.js'
import { validateMounts } from './mounts.js'
import { parseReference } from './reference.js'
import { isTemplate, quoted, refuse, refuseArgument } from './refuse.js'
import { validateConfigReferences, validateSecretReferences } from './secret.js'

const ULIMITS =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ')
const SHORTEST_HEALTH_TIME_NS = 1_000_000
const LONGEST_HOSTNAME = 63

/** @throws InvalidDocument for what no container could be made from */
export function validateContainerSpec(container: ContainerSpec): void {
  checkImage(container.Image ?? '')
  validateMounts(container.Mounts ?? [])
  checkHealth(container.Healthcheck)
  checkEnvironment(container.Env ?? [])
  checkNames(container)
  checkKernel(container)
  validateSecretReferences(container.Secrets ?? [])
  validateConfigReferences(container.Configs ?? [])
}

function checkImage(image: string): void {
  if (image === '') refuseArgument('ContainerSpec: image reference must be provided')
  try {
    parseReference(image)
  } catch (error) {
    const reason = error instanceof Error ? `: ${error.message}` : ''
    refuseArgument(`ContainerSpec: ${quoted(image)} is not a valid repository/tag${reason}`)
  }
}

function checkHealth(health: HealthConfig | undefined): void {
  if (!health) return
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const time = health[field] ?? 0
    if (time !== 0 && time < SHORTEST_HEALTH_TIME_NS) {
      refuseArgument(`ContainerSpec: ${field} in HealthConfig cannot be less than 1ms`)
    }
  }
  if ((health.Retries ?? 0) < 0) refuseArgument('ContainerSpec: Retries in HealthConfig cannot be negative')
  const [kind, ...command] = health.Test ?? []
  if (kind === undefined) return
  if (!['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    refuse(`ContainerSpec: unknown kind of health check test: ${quoted(kind)}`)
  }
  if (kind.startsWith('CMD') && command.length === 0)
    refuse(`ContainerSpec: health check ${kind} needs a command`)
}

function checkEnvironment(variables: readonly string[]): void {
  for (const variable of variables) {
    if (variable === '' || variable.startsWith('=')) refuse(`invalid environment variable: ${variable}`)
  }
}

function checkNames(container: ContainerSpec): void {
  const { Hostname: hostname = '', StopSignal: signal = '', StopGracePeriod: grace = 0 } = container
  if (hostname.length > LONGEST_HOSTNAME && !isTemplate(hostname)) {
    refuse(`invalid hostname: ${hostname} is longer than ${LONGEST_HOSTNAME} characters`)
  }
  if (grace < 0) refuse('ContainerSpec: StopGracePeriod cannot be negative')
  if (signal !== '' && !isSignal(signal)) refuse(`Invalid signal: ${signal}`)
  for (const address of container.DNSConfig?.Nameservers ?? []) {
    if (isIP(address) === 0) refuse(`${address} is not an ip address`)
  }
  for (const entry of container.Hosts ?? []) {
    const [address = '', name] = entry.trim().split(/\s+/)
    const known = isIP(address) !== 0 || address === 'host-gateway' || isTemplate(entry)
    if (!known || name === undefined)
      refuse(`invalid Hosts entry ${quoted(entry)}: must be "IP_address hostname"`)
  }
}

function isSignal(signal: string): boolean {
  if (/^\d+$/.test(signal)) return Number(signal) >= 1 && Number(signal) <= 64
  const name = `SIG${signal.toUpperCase().replace(/^SIG/, '')}`
  return Object.hasOwn(constants.signals, name) || /^SIGRT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name)
}

function checkKernel(container: ContainerSpec): void {
  const isolation = container.Isolation || 'default'
  if (isolation !== 'default')
    refuse(`invalid isolation: ${quoted(isolation)} - linux only supports 'default'`)
  for (const { Name: name = '', Soft: soft = 0, Hard: hard = 0 } of container.Ulimits ?? []) {
    if (!ULIMITS.includes(name)) refuse(`invalid ulimit type: ${name}`)
    if (hard !== -1 && soft > hard) {
      refuse(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`)
    }
  }
  checkCapabilities('CapAdd', container.CapabilityAdd)
  checkCapabilities('CapDrop', container.CapabilityDrop)
  const score = container.OomScoreAdj ?? 0
  if (score < -1000 || score > 1000) {
    refuse(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`)
  }
  for (const key of Object.keys(container.Sysctls ?? {})) {
    if (!/^[a-z0-9_][\w.\-/]*$/i.test(key)) refuse(`invalid sysctl: ${quoted(key)}`)
  }
}

function checkCapabilities(field: string, names: readonly string[] | undefined): void {
  for (const name of names ?? []) {
    const plain = name.toUpperCase().replace(/^CAP_/, '')
    if (plain !== 'ALL' && !CAPABILITIES.has(plain))
      refuse(`invalid ${field}: unknown capability: ${quoted(name)}`)
  }
}
