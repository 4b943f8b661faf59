import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@shoal/common/clock'
import { describe, expect, test } from 'vitest'
import { agentConfigFrom, managerConfigFrom } from '../commands/swarm/plan-host.js'
import {
  chooseAddress,
  defaultRouteInterface,
  type Interfaces,
  runningPid,
  stopDaemon,
  takeManagerSetup,
  waitUntil,
  withPort,
  writeMembership,
} from './index.js'

const at = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: 'IPv4', internal: address === '127.0.0.1' }))

describe('the address of this host', () => {
  const lo = at('127.0.0.1')
  const cases: [string, string | undefined, Interfaces, string | undefined, string][] = [
    [
      'is that of the default route',
      undefined,
      { lo, eth0: at('10.0.0.1'), eth1: at('10.1.0.1') },
      'eth1',
      '10.1.0.1',
    ],
    ['is the only one there is', undefined, { lo, eth0: at('10.0.0.1') }, undefined, '10.0.0.1'],
    [
      "is not that of Docker's bridge",
      undefined,
      { lo, docker0: at('172.17.0.1'), eth0: at('10.0.0.1') },
      undefined,
      '10.0.0.1',
    ],
    ['is the loopback when there is nothing else', undefined, { lo }, undefined, '127.0.0.1'],
    ['is what was asked for', '10.9.9.9', { lo }, undefined, '10.9.9.9'],
    [
      'is that of the interface that was asked for',
      'eth0',
      { lo, eth0: at('10.0.0.1') },
      undefined,
      '10.0.0.1',
    ],
  ]
  test.each(cases)('%s', (_name, asked, interfaces, route, expected) => {
    expect(chooseAddress(asked, interfaces, route)).toBe(expected)
  })
  test('must be chosen when it is not clear', () => {
    const interfaces = { lo, eth0: at('10.0.0.1'), eth1: at('10.1.0.1') }
    expect(() => chooseAddress(undefined, interfaces, undefined)).toThrow(
      'could not choose an IP address to advertise since this system has multiple IP addresses on different interfaces (10.0.0.1 on eth0 and 10.1.0.1 on eth1) - specify one with --advertise-addr',
    )
    expect(() => chooseAddress('eth9', interfaces, undefined)).toThrow(
      'advertise address must be a non-zero IP address',
    )
  })
  test("is found by the system's routes", () => {
    const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask'
    const routes = `${header}\nwlan0\t00000000\t0\t0\t0\t0\t600\t00000000\neth0\t00000000\t0\t0\t0\t0\t100\t00000000\neth1\t0000000A\t0\t0\t0\t0\t0\t000000FF\n`
    expect(defaultRouteInterface(routes)).toBe('eth0')
    expect(defaultRouteInterface(header)).toBeUndefined()
  })
  test.each([
    ['10.0.0.1', '10.0.0.1:2377'],
    ['10.0.0.1:9', '10.0.0.1:9'],
    [':9', '0.0.0.0:9'],
    ['', '0.0.0.0:2377'],
    ['[::1]:9', '[::1]:9'],
  ])('with a port: %s', (text, expected) => {
    expect(withPort(text, '0.0.0.0:2377')).toBe(expected)
  })
})

describe('the configuration of the daemons', () => {
  const given = (flags: Record<string, string>) =>
    new Map(Object.entries(flags).map(([name, value]) => [name, [value]]))
  test('has everything with its default', () => {
    const plan = { advertiseAddress: '10.0.0.1', store: { kind: 'embedded' }, initialise: true } as const
    expect(managerConfigFrom(given({}), {}, plan)).toEqual({
      stateDir: '/var/lib/shoal',
      runDir: '/run/shoal',
      listenAddress: '0.0.0.0:2377',
      apiAddress: '0.0.0.0:3376',
      socketPath: '/run/shoal/manager.sock',
      advertiseAddress: '10.0.0.1',
      metricsAddress: '127.0.0.1:9323',
      store: { kind: 'embedded' },
      initialise: true,
      logLevel: 'info',
    })
    expect(
      agentConfigFrom(given({ 'generic-resource': 'ssd=1' }), { SHOAL_STATE_DIR: '/s' }, ['m:2377'], 'T'),
    ).toEqual({
      stateDir: '/s',
      runDir: '/run/shoal',
      managers: ['m:2377'],
      joinToken: 'T',
      dockerSocket: '/var/run/docker.sock',
      genericResources: ['ssd=1'],
      manager: {
        listenAddress: '0.0.0.0:2377',
        apiAddress: '0.0.0.0:3376',
        metricsAddress: '127.0.0.1:9323',
      },
      logLevel: 'info',
    })
  })
})

describe('a daemon', () => {
  test('is stopped by its own process ID, and never another process that has the number now', async () => {
    const runDir = mkdtempSync(join(tmpdir(), 'ctl-daemon-'))
    const daemon = { kind: 'agent', runDir, configPath: join(runDir, 'config.json') } as const
    expect(runningPid(daemon)).toBeUndefined()
    const program =
      'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); process.stdout.write("up")'
    const child = spawn(process.execPath, ['-e', program, daemon.configPath], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((resolve) => {
      child.stdout.once('data', resolve)
    })
    writeFileSync(join(runDir, 'agent.pid'), `${process.pid}\n`)
    expect(await stopDaemon(daemon, systemClock, 1000)).toBe(false)
    writeFileSync(join(runDir, 'agent.pid'), `${child.pid}\n`)
    expect(runningPid(daemon)).toBe(child.pid)
    expect(await stopDaemon(daemon, systemClock, 5000)).toBe(true)
    expect(await waitUntil(() => child.exitCode === 0, systemClock, 5000)).toBe(true)
    rmSync(runDir, { recursive: true })
  })
})

describe('a host that joined as a manager', () => {
  const setup = {
    clusterId: 'c1',
    etcdEndpoints: ['https://etcd:2379'],
    etcdCa: 'the ca',
    etcdCertificate: '',
    etcdKey: 'the key',
    sealKey: 'the seal',
  }

  test('takes the setup once, for keys are in it', () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'shoal-join-'))
    expect(takeManagerSetup(stateDir)).toBeUndefined()
    mkdirSync(join(stateDir, 'agent'))
    const path = join(stateDir, 'agent', 'manager-setup.json')
    writeFileSync(path, JSON.stringify(setup))
    expect(takeManagerSetup(stateDir)).toEqual(setup)
    expect(existsSync(path)).toBe(false)
    rmSync(stateDir, { recursive: true })
  })

  test('has its membership and the files of etcd, for its owner only', () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'shoal-join-'))
    const folder = join(stateDir, 'manager')
    const store = writeMembership(stateDir, 'n1', setup)
    const files = { caFile: join(folder, 'etcd/ca.pem'), keyFile: join(folder, 'etcd/key.pem') }
    expect(store).toEqual({ kind: 'etcd', endpoints: setup.etcdEndpoints, ...files })
    expect(readFileSync(files.keyFile, 'utf8')).toBe('the key')
    expect(statSync(files.keyFile).mode & 0o777).toBe(0o600)
    const membership: unknown = JSON.parse(readFileSync(join(folder, 'membership.json'), 'utf8'))
    expect(membership).toEqual({ clusterId: 'c1', nodeId: 'n1', sealKey: 'the seal' })
    rmSync(stateDir, { recursive: true })
  })
})
