import { messageOf, ShoalError, type Logger } from '@shoal/common'
import type Docker from 'dockerode'
import { translate } from './docker-errors.js'

/** Pulls images. Those who want the same image with the same credentials at the same time share one pull. */
export class ImagePuller {
  readonly #docker: Docker
  readonly #log: Logger
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(docker: Docker, log: Logger) {
    this.#docker = docker
    this.#log = log
  }

  /**
   * @param registryAuth base64url of an AuthConfig, as in X-Registry-Auth
   * @param signal ends the wait; a pull that others share goes on
   * @throws ShoalError invalid-argument for credentials that cannot be read, otherwise what the engine says
   */
  async pull(image: string, registryAuth: string | undefined, signal: AbortSignal): Promise<void> {
    const key = `${image}\n${registryAuth ?? ''}`
    let pull = this.#underWay.get(key)
    if (!pull) {
      pull = this.#pull(image, registryAuth).finally(() => this.#underWay.delete(key))
      this.#underWay.set(key, pull)
    }
    await unlessAborted(pull, signal)
  }

  async #pull(image: string, registryAuth: string | undefined): Promise<void> {
    this.#log.info({ image }, 'pulling image')
    const authconfig = registryAuth ? decodeAuth(registryAuth) : undefined
    const stream = await this.#docker
      .pull(image, authconfig ? { authconfig } : {})
      .catch((error: unknown) => {
        throw translate(error)
      })
    await this.#finished(stream)
    this.#log.info({ image }, 'image pulled')
  }

  /** The engine answers 200 and tells of a failure in a line of the stream. */
  #finished(stream: NodeJS.ReadableStream): Promise<void> {
    return new Promise((resolve, reject) => {
      let failure: string | undefined
      this.#docker.modem.followProgress(
        stream,
        (error) => {
          if (error) reject(translate(error))
          else if (failure !== undefined) reject(new ShoalError('internal', failure))
          else resolve()
        },
        (line: { error?: string }) => (failure ??= line.error),
      )
    })
  }
}

function decodeAuth(registryAuth: string): object {
  try {
    return JSON.parse(Buffer.from(registryAuth, 'base64url').toString('utf8')) as object
  } catch (error) {
    throw new ShoalError('invalid-argument', `invalid registry credentials: ${messageOf(error)}`, error)
  }
}

/** Waits for `work`, or rejects as soon as `signal` aborts. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let stopListening: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    stopListening = () => signal.removeEventListener('abort', abort)
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    stopListening?.()
  }
}
