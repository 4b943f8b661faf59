import type { Platform } from '../documents/index.js'

/** One name for the architectures that kernels and images call differently, in lower case. */
export function normalArchitecture(architecture: string): string {
  const lower = architecture.toLowerCase()
  if (lower === 'x86_64') return 'amd64'
  if (lower === 'aarch64') return 'arm64'
  return lower
}

/**
 * Whether a host runs what was built for one of `platforms`.
 * @param platforms what an image offers; none means that nothing is known, and every host will do
 * @param host the platform of the node; an empty field of an offered platform matches every host
 */
export function matchesPlatform(platforms: readonly Platform[], host: Platform): boolean {
  if (platforms.length === 0) return true
  const architecture = normalArchitecture(host.Architecture ?? '')
  const os = (host.OS ?? '').toLowerCase()
  return platforms.some(
    (offered) =>
      (!offered.Architecture || normalArchitecture(offered.Architecture) === architecture) &&
      (!offered.OS || offered.OS.toLowerCase() === os),
  )
}
