/** Everything that the manager listens on. Each function resolves when it listens, with what closes it. */
import { mkdirSync, rmSync } from 'node:fs'
import type { Server as HttpsServer } from 'node:https'
import { dirname } from 'node:path'
import { Server } from '@grpc/grpc-js'
import { messageOf, ShoalError, type Logger } from '@shoal/common'
import { wire, type DispatcherHandlers, type EnrollmentHandlers } from '@shoal/proto'
import type { Registry } from 'prom-client'
import { createApi, type ApiOptions } from './api/index.js'
import type { ManagerIdentity } from './ca/index.js'
import { DISPATCHER_SERVER_OPTIONS } from './dispatcher/index.js'
import { hostOf, portOf } from './founding.js'
import { listenForMetrics } from './metrics/index.js'

export type Close = () => unknown

/** gRPC for agents: sessions, and the enrolment of newcomers. */
export async function listenForAgents(
  address: string,
  identity: ManagerIdentity,
  handlers: { readonly dispatcher: DispatcherHandlers; readonly enrollment: EnrollmentHandlers },
): Promise<Close> {
  const server = new Server(DISPATCHER_SERVER_OPTIONS)
  server.addService(wire.Dispatcher.service, handlers.dispatcher)
  server.addService(wire.Enrollment.service, handlers.enrollment)
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, identity.serverCredentials, (error) =>
      error ? reject(cannotListen(address, error)) : resolve(),
    )
  })
  return () => server.forceShutdown()
}

/** The Engine API for local root, who is let in by the permissions of the socket. */
export async function listenOnSocket(options: ApiOptions, path: string): Promise<Close> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(path, { force: true })
  const api = createApi(options)
  const previousMask = process.umask(0o177)
  try {
    await api.listen({ path })
  } catch (error) {
    throw cannotListen(path, error)
  } finally {
    process.umask(previousMask)
  }
  return () => api.close()
}

/** The Engine API for whoever has a certificate. */
export async function listenOnHttps(
  options: ApiOptions,
  identity: ManagerIdentity,
  address: string,
): Promise<Close> {
  const api = createApi({ ...options, https: identity.httpsOptions() })
  try {
    await api.listen({ host: hostOf(address), port: portOf(address) })
  } catch (error) {
    throw cannotListen(address, error)
  }
  const stopRefreshing = identity.keepHttpsFresh(api.server as HttpsServer)
  return () => {
    stopRefreshing()
    return api.close()
  }
}

/** Prometheus' metrics. */
export async function listenOnMetrics(metrics: Registry, address: string, log: Logger): Promise<Close> {
  try {
    const server = await listenForMetrics(metrics, { host: hostOf(address), port: portOf(address) }, log)
    return () => server.close()
  } catch (error) {
    throw cannotListen(address, error)
  }
}

function cannotListen(address: string, cause: unknown): ShoalError {
  return new ShoalError('unavailable', `cannot listen on ${address}: ${messageOf(cause)}`, cause)
}
