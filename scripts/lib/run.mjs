// Small helpers around child processes, for the scripts that must work before anything is installed.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The top of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Prints one line of progress. */
export function say(text) {
  process.stderr.write(`shoal: ${text}\n`)
}

/** Ends the script with a message for the person who ran it. */
export function fail(text) {
  process.stderr.write(`shoal: ${text}\n`)
  process.exit(1)
}

/** The path of a program on PATH (with the folders that only root's PATH has), or undefined. */
export function which(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Runs a program to its end; its output is kept and shown only if it fails. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20, ...options })
  if (result.status !== 0 && !options.mayFail) {
    fail(
      `\`${program} ${args.join(' ')}\` failed:\n${result.error?.message ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`,
    )
  }
  return result
}

const DOCKER_VARIABLES = ['DOCKER_CONTEXT', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH']

/** The environment with which docker speaks to this machine's engine, also in a shell that has evaluated `ctl env`. */
export function hostEngine() {
  const rest = Object.entries(process.env).filter(([name]) => !DOCKER_VARIABLES.includes(name))
  return { ...Object.fromEntries(rest), DOCKER_HOST: 'unix:///var/run/docker.sock' }
}
