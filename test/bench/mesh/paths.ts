import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { mustRun, onHost } from '@shoal/lab'
import type { Client } from './client.js'
import { BACKEND_IMAGE, BACKEND_PORT, HAPROXY, NODE_PROXY, TOOL_ENVIRONMENT } from './tools.js'

/** The lab that the paths lead through. */
export interface Scene {
  readonly client: Client
  /** The host that is asked. */
  readonly near: Machine
  /** The other one. */
  readonly far: Machine
}

export interface Machine {
  readonly name: string
  readonly address: string
  /** As the cluster calls it. */
  readonly hostname: string
}

/** A way from the client to a backend of its own. */
export interface OpenPath {
  /** `host:port`, where the client asks. */
  readonly address: string
  close(): Promise<void>
}

/** Every path has its own: all of them are open at the same time. */
const PORTS = { docker: 8_501, haproxy: 8_502, node: 8_503 } as const

/** A fresh backend in a plain container. @returns its address */
async function startBackend(host: string, name: string, ...options: string[]): Promise<string> {
  await onHost(host, ['docker', 'rm', '-f', name])
  await mustRun(host, ['docker', 'run', '-d', '--name', name, ...options, BACKEND_IMAGE])
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  return mustRun(host, ['docker', 'inspect', '-f', format, name])
}

async function stopBackend(host: string, name: string): Promise<void> {
  await mustRun(host, ['docker', 'rm', '-f', name])
}

/** Lets what the client sends to `address`, and what comes back, through Docker's own rules. */
async function admit(host: string, address: string): Promise<() => Promise<void>> {
  const rules = [
    ['-d', address],
    ['-s', address],
  ]
  for (const rule of rules) await mustRun(host, ['iptables', '-I', 'DOCKER-USER', ...rule, '-j', 'ACCEPT'])
  return async () => {
    for (const rule of rules) await mustRun(host, ['iptables', '-D', 'DOCKER-USER', ...rule, '-j', 'ACCEPT'])
  }
}

/** The client reaches the container's own address, by plain routing. */
export async function direct({ near }: Scene): Promise<OpenPath> {
  const backend = await startBackend(near.name, 'bench-direct')
  const shut = await admit(near.name, backend)
  return {
    address: `${backend}:${BACKEND_PORT}`,
    async close() {
      await shut()
      await stopBackend(near.name, 'bench-direct')
    },
  }
}

/** Docker's own published port. */
export async function dockerPort({ client, near }: Scene): Promise<OpenPath> {
  await startBackend(near.name, 'bench-docker', '-p', `${PORTS.docker}:${BACKEND_PORT}`)
  return {
    address: `${client.hostAddress}:${PORTS.docker}`,
    close: () => stopBackend(near.name, 'bench-docker'),
  }
}

/** HAProxy in TCP mode on the host. */
export async function haproxy({ client, near }: Scene): Promise<OpenPath> {
  const backend = await startBackend(near.name, 'bench-haproxy')
  const configuration = `
global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen bench
  bind :${PORTS.haproxy}
  server backend ${backend}:${BACKEND_PORT}
`
  await mustRun(near.name, ['sh', '-c', `cat >/tmp/haproxy.cfg <<'END'\n${configuration}END`])
  const started = ['env', TOOL_ENVIRONMENT, HAPROXY, '-D', '-p', '/tmp/haproxy.pid', '-f', '/tmp/haproxy.cfg']
  await mustRun(near.name, started)
  return {
    address: `${client.hostAddress}:${PORTS.haproxy}`,
    async close() {
      await mustRun(near.name, ['sh', '-c', 'kill -9 $(cat /tmp/haproxy.pid)'])
      await stopBackend(near.name, 'bench-haproxy')
    },
  }
}

/** A TCP proxy in Node.js on the host. */
export async function nodeProxy({ client, near }: Scene): Promise<OpenPath> {
  const backend = await startBackend(near.name, 'bench-node')
  const script = `echo $$ >/tmp/node-proxy.pid; exec node ${NODE_PROXY} ${PORTS.node} ${backend} ${BACKEND_PORT}`
  const child = spawn('docker', ['exec', near.name, 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface({ input: child.stdout }), 'line')
  return {
    address: `${client.hostAddress}:${PORTS.node}`,
    async close() {
      await mustRun(near.name, ['sh', '-c', 'kill -9 $(cat /tmp/node-proxy.pid)'])
      await stopBackend(near.name, 'bench-node')
    },
  }
}
