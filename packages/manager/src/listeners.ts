/** Everything that the manager listens on. Each function resolves when it listens, with what closes it. */
import { mkdirSync, rmSync } from 'node:fs'
import type { Server as HttpsServer } from 'node:https'
import { dirname } from 'node:path'
import { Server } from '@grpc/grpc-js'
import { type Clock, messageOf, ShoalError, type Logger } from '@shoal/common'
import { wire, type DispatcherHandlers, type EnrollmentHandlers } from '@shoal/proto'
import type { Registry } from 'prom-client'
import { Gate, listenAtGate } from './admission/index.js'
import { createApi, type ApiOptions } from './api/index.js'
import type { ManagerIdentity } from './ca/index.js'
import { DISPATCHER_SERVER_OPTIONS } from './dispatcher/index.js'
import { hostOf, portOf } from './founding.js'
import { listenForMetrics } from './metrics/index.js'

export type Close = () => unknown

export interface AgentHandlers {
  readonly dispatcher: DispatcherHandlers
  readonly enrollment: EnrollmentHandlers
}

/** gRPC for agents: sessions, and the enrolment of newcomers. */
export async function listenForAgents(
  address: string,
  identity: ManagerIdentity,
  handlers: AgentHandlers,
  watch: { readonly clock: Clock; readonly crowded: () => void; readonly log: Logger },
): Promise<Close> {
  const server = new Server(DISPATCHER_SERVER_OPTIONS)
  const gate = new Gate(watch)
  const { dispatcher, enrollment } = passingOn(handlers, (call) => gate.done(call.getPeer()))
  server.addService(wire.Dispatcher.service, dispatcher)
  server.addService(wire.Enrollment.service, enrollment)
  const [host, port] = [hostOf(address), portOf(address)]
  try {
    const { serverCredentials: credentials } = identity
    const stop = await listenAtGate(server, gate, { host, port, credentials, log: watch.log })
    return () => {
      stop()
      server.forceShutdown()
    }
  } catch (error) {
    server.forceShutdown()
    throw cannotListen(address, error)
  }
}

/** The same handlers; `called` hears of every call first. */
function passingOn(
  { dispatcher, enrollment }: AgentHandlers,
  called: (call: { getPeer(): string }) => void,
): AgentHandlers {
  const tell = <Call extends { getPeer(): string }, Rest extends readonly unknown[]>(
    handle: (call: Call, ...rest: Rest) => void,
  ) => {
    return (call: Call, ...rest: Rest): void => {
      called(call)
      handle(call, ...rest)
    }
  }
  return {
    dispatcher: { Session: tell(dispatcher.Session), Relay: tell(dispatcher.Relay) },
    enrollment: { Join: tell(enrollment.Join), Renew: tell(enrollment.Renew) },
  }
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
