import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import type { Environment } from './endpoint.js'

interface AuthConfig {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress?: string
}

/** What ctl reads of the docker CLI's own configuration. */
interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>
  credsStore?: string
  credHelpers?: Record<string, string>
}

const DOCKER_HUB = 'https://index.docker.io/v1/'

/** The header that carries credentials for a registry; none when there are none to send. */
export function cliRegistryHeader(auth: string | undefined): Record<string, string> {
  return auth === undefined ? {} : { 'X-Registry-Auth': auth }
}

/** The registry that serves an image, under the name by which credentials are kept. */
export function registryOf(image: string): string {
  const first = image.split('/')[0] ?? ''
  const isHost = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost')
  return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? first : DOCKER_HUB
}

/**
 * The value of X-Registry-Auth for an image, from the docker CLI's configuration (`docker login`).
 * @returns base64url of an AuthConfig; of an empty one when nobody has logged in
 * @throws failed-precondition when a credential helper fails
 */
export function registryAuthFor(image: string, environment: Environment): string {
  const registry = registryOf(image)
  const config = readDockerConfig(environment)
  const helper = config.credHelpers?.[registry] ?? config.credsStore
  const auth = helper === undefined ? fromFile(config, registry) : fromHelper(helper, registry)
  return Buffer.from(JSON.stringify(auth)).toString('base64url')
}

function readDockerConfig(environment: Environment): DockerConfig {
  const folder = environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker')
  try {
    return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as DockerConfig
  } catch {
    // No configuration, no credentials: the registry may be open to all.
    return {}
  }
}

function fromFile(config: DockerConfig, registry: string): AuthConfig {
  const entries = Object.entries(config.auths ?? {})
  const hostOf = (address: string): string => address.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  const entry = entries.find(([address]) => address === registry || hostOf(address) === hostOf(registry))?.[1]
  if (entry === undefined) return {}
  const [username = '', ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':')
  const token = entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }
  return { username, password: password.join(':'), serveraddress: registry, ...token }
}

function fromHelper(helper: string, registry: string): AuthConfig {
  const run = spawnSync(`docker-credential-${helper}`, ['get'], { input: registry, encoding: 'utf8' })
  if (run.status !== 0) {
    const reason = run.error?.message ?? `${run.stdout}${run.stderr}`.trim()
    if (reason.includes('credentials not found')) return {}
    throw new ShoalError('failed-precondition', `error getting credentials - err: ${reason}`)
  }
  const answer = JSON.parse(run.stdout) as { Username?: string; Secret?: string }
  const secret = answer.Secret ?? ''
  return answer.Username === '<token>'
    ? { identitytoken: secret, serveraddress: registry }
    : { username: answer.Username ?? '', password: secret, serveraddress: registry }
}
