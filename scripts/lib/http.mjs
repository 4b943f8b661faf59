// HTTP over unix sockets with what Node itself brings.
import { request } from 'node:http'

const PATIENCE_MS = 5000

/**
 * GETs `path` from the server on a unix socket.
 * @returns {Promise<{ status: number, text: string } | undefined>} undefined when nothing answers within 5 s
 */
export function getOverSocket(socketPath, path) {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, path, agent: false, timeout: PATIENCE_MS }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => resolve(undefined))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(undefined))
    outgoing.end()
  })
}

/** Whether the Docker Engine of this machine answers. */
export async function dockerAnswers() {
  return (await getOverSocket('/var/run/docker.sock', '/_ping'))?.status === 200
}
