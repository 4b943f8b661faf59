import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentials, type ServiceError, status } from '@grpc/grpc-js'
import { systemClock } from '@shoal/common'
import {
  createKeyPair,
  createRoot,
  issueCertificate,
  MANAGER_NAME,
  peerOfCertificate,
} from '@shoal/common/tls/index'
import { type DispatcherClient, type EnrollmentClient, wire } from '@shoal/proto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, type ClientFiles, clientFiles, Cluster, IMAGE_1 } from '../support/index.js'

const container = { Image: IMAGE_1, Command: ['sleep', '100000'] }
const spec = (changes: object = {}): object => ({
  Name: 'other',
  TaskTemplate: { ContainerSpec: container },
  Mode: { Replicated: { Replicas: 1 } },
  ...changes,
})
const withTask = (changes: object): object => spec({ TaskTemplate: { ContainerSpec: container, ...changes } })
const withContainer = (changes: object): object =>
  spec({ TaskTemplate: { ContainerSpec: { ...container, ...changes } } })

describe('bad input is answered as Docker does, and changes nothing', () => {
  let cluster: Cluster
  let before: string
  let folder: string

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 2 })
    folder = mkdtempSync(join(tmpdir(), 'shoal-bad-input-'))
    await cluster.mustCtl('service', 'create', '--name', 'web', IMAGE_1, 'sleep', '100000')
    before = await everything()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await cluster?.end()
  })
  afterEach(async () => {
    const after = await everything()
    if (after !== before) throw new Error(`something has changed, from\n${before}\nto\n${after}`)
  })

  /** All that the API shows of the cluster, and what runs. */
  async function everything(): Promise<string> {
    const [services, nodes, tasks, swarm, ...containers] = await Promise.all([
      cluster.api.services(),
      cluster.api.nodes(),
      cluster.api.tasks(),
      cluster.api.call('GET', '/swarm'),
      ...cluster.hosts.map((host) => host.containers()),
    ])
    return JSON.stringify({ services, nodes, tasks, swarm: swarm.body, containers })
  }

  const creations: [string, unknown, number, RegExp][] = [
    ['a body that is no JSON', '{"Name":', 400, /invalid JSON: unexpected EOF/],
    ['an empty body', '', 400, /TaskSpec: missing runtime/],
    ['a body that is a list', '[]', 400, /json: cannot unmarshal array/],
    [
      'an unknown constraint operator',
      withTask({ Placement: { Constraints: ['node.role~worker'] } }),
      400,
      /constraint expected one operator from ==, !=/,
    ],
    [
      'negative replicas',
      spec({ Mode: { Replicated: { Replicas: -1 } } }),
      400,
      /json: cannot unmarshal number -1 into .*Replicas of type uint64/,
    ],
    [
      'replicas that are no number',
      spec({ Mode: { Replicated: { Replicas: '5' } } }),
      400,
      /json: cannot unmarshal string/,
    ],
    [
      'a name that is taken',
      spec({ Name: 'web' }),
      409,
      /name conflicts with an existing object: service web already exists/,
    ],
    ['a name that is none', spec({ Name: 'no/name' }), 400, /name must be valid as a DNS name component/],
    [
      'an unknown mount type',
      withContainer({ Mounts: [{ Type: 'floppy', Target: '/a' }] }),
      400,
      /invalid MountType: "floppy"/,
    ],
    [
      'an image reference that is none',
      withContainer({ Image: 'UPPER CASE' }),
      400,
      /"UPPER CASE" is not a valid repository\/tag: invalid reference format/,
    ],
    ['no image at all', withContainer({ Image: '' }), 400, /ContainerSpec: image reference must be provided/],
    [
      'an unknown order of updates',
      spec({ UpdateConfig: { Order: 'sideways' } }),
      400,
      /unrecognized update order sideways/,
    ],
    [
      'two modes at once',
      spec({ Mode: { Replicated: {}, Global: {} } }),
      400,
      /must specify only one service mode/,
    ],
    [
      'a network that nobody has',
      withTask({ Networks: [{ Target: 'nowhere' }] }),
      404,
      /network nowhere not found/,
    ],
  ]
  test.each(creations)('creating a service with %s', async (_what, body, status, message) => {
    const answer = await cluster.api.call('POST', '/services/create', body)
    expect(answer).toMatchObject({ status, body: { message: expect.stringMatching(message) } })
  })

  test('updating with another version than the last', async () => {
    const { ID, Spec, Version } = await cluster.api.service('web')
    const changed = { ...Spec, Labels: { a: 'b' } }
    const path = `/services/${ID}/update?version=`
    const old = await cluster.api.call('POST', `${path}${Version.Index + 1}`, changed)
    expect(old).toMatchObject({
      status: 500,
      message: 'rpc error: code = Unknown desc = update out of sequence',
    })
    for (const [version, shown] of [
      ['x', '"x"'],
      ['', '""'],
    ]) {
      const none = await cluster.api.call('POST', `${path}${version}`, changed)
      expect(none).toMatchObject({
        status: 400,
        message:
          `invalid service version '${shown}': strconv.ParseUint: parsing ${shown}: invalid syntax`.replace(
            /'"(.*)"'/,
            "'$1'",
          ),
      })
    }
    const [node] = await cluster.api.nodes()
    const ofNode = await cluster.api.call('POST', `/nodes/${node!.ID}/update?version=1`, node!.Spec)
    expect(ofNode).toMatchObject({ status: 500, message: expect.stringMatching(/update out of sequence/) })
  })

  const lookUps: [string, string, number, string | RegExp][] = [
    ['GET', '/services/nobody', 404, 'service nobody not found'],
    ['DELETE', '/services/nobody', 404, 'service nobody not found'],
    ['GET', '/nodes/nobody', 404, 'node nobody not found'],
    ['GET', '/tasks/nobody', 404, 'task nobody not found'],
    ['GET', '/no/such/path', 404, 'page not found'],
    ['GET', '/v1.99/services', 400, /client version 1.99 is too new/],
    ['GET', '/images/json', 501, /not implemented: GET \/images\/json/],
    ['GET', '/services?filters={', 400, /invalid filters: \{ is not JSON/],
    ['GET', '/tasks?filters={"colour":["red"]}', 400, /invalid filter 'colour'/],
  ]
  test.each(lookUps)('%s %s', async (method, path, status, message) => {
    const answer = await cluster.api.call(method, encodeURI(path))
    expect(answer).toMatchObject({ status, message: expect.stringMatching(message) })
  })

  const commands: [string, string[], RegExp][] = [
    [
      'an unknown constraint operator',
      ['--constraint', 'node.role~worker'],
      /constraint expected one operator/,
    ],
    ['an unknown flag', ['--colour', 'red'], /unknown flag: --colour/],
    ['replicas that are no number', ['--replicas', '-1'], /invalid argument "-1" for "--replicas" flag/],
    [
      'ranges of ports of different lengths',
      ['--publish', '8100-8102:80-81'],
      /invalid ranges specified for container and host Ports: 80-81 and 8100-8102/,
    ],
    ['a port beyond all ports', ['--publish', '65536:80'], /invalid hostPort: 65536/],
    ['a network that nobody has', ['--network', 'nowhere'], /network nowhere not found/],
    ['an unknown mount type', ['--mount', 'type=floppy,dst=/a'], /invalid.*type|floppy/i],
    ['a name that is taken', ['--name', 'web'], /service web already exists/],
  ]
  test.each(commands)('ctl service create with %s', async (_what, args, message) => {
    const { code, stderr } = await cluster.ctl('service', 'create', ...args, IMAGE_1)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toMatch(message)
  })

  test('ctl network refuses what cannot be', async () => {
    // Left, perhaps, by a try that was broken off.
    await cluster.ctl('network', 'rm', 'taken')
    const create = ['network', 'create', '--driver', 'overlay', '--subnet']
    await cluster.mustCtl(...create, '10.99.0.0/24', 'taken')
    const refusals: [string[], RegExp][] = [
      [[...create, '10.99.0.128/25', 'other'], /Pool overlaps with other one on this address space/],
      [[...create, '10.98.0.0/99', 'other'], /invalid subnet 10\.98\.0\.0\/99/],
      [['network', 'rm', 'nowhere'], /network nowhere not found/],
    ]
    for (const [args, message] of refusals) {
      const { code, stderr } = await cluster.ctl(...args)
      expect(code).toBe(1)
      expect(stderr).toMatch(message)
    }
    await cluster.mustCtl('network', 'rm', 'taken')
  })

  test('ctl names what is not there, and ends with 1', async () => {
    for (const args of [
      ['service', 'scale', 'nobody=2'],
      ['service', 'rm', 'nobody'],
      ['node', 'rm', 'nobody'],
    ]) {
      const { code, stderr } = await cluster.ctl(...args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/no such (service|node): nobody|(service|node) nobody not found/i)
    }
  })

  describe('certificates', () => {
    let worker: ClientFiles
    let client: ClientFiles

    beforeAll(async () => {
      await cluster.workers[0]!.copyOut('/var/lib/shoal/agent/tls', folder)
      worker = clientFiles(folder)
      client = clientFiles(cluster.certificates)
    })

    /** Removes a service over the API with these files, and tells what came of it. */
    async function intrude(files: Partial<ClientFiles>): Promise<unknown> {
      const intruder = new ApiClient(`${cluster.manager.address}:3376`, files)
      try {
        return await intruder.call('DELETE', '/services/web')
      } catch (error) {
        return String(error)
      } finally {
        intruder.close()
      }
    }

    /** How the agents' port answers the two calls of members: opening a session, and renewing. */
    async function asAnAgent({ ca, key, cert }: Partial<ClientFiles>): Promise<number[]> {
      const channel = credentials.createSsl(ca!, key ?? null, cert ?? null)
      const address = `${cluster.manager.address}:2377`
      const options = { 'grpc.ssl_target_name_override': MANAGER_NAME }
      const dispatcher = new wire.Dispatcher(address, channel, options)
      const enrollment = new wire.Enrollment(address, channel, options)
      try {
        return [await endOfSession(dispatcher), await endOfRenewal(enrollment)]
      } finally {
        dispatcher.close()
        enrollment.close()
      }
    }

    test("the API refuses a worker's", async () => {
      expect(await intrude(worker)).toMatchObject({
        status: 403,
        message: expect.stringMatching(/certificate with role worker may not use the API/),
      })
    })

    test('the API refuses none, and one of another root', async () => {
      expect(await intrude({ ca: client.ca })).toMatch(/certificate required|ECONNRESET|socket hang up/)
      expect(await intrude({ ...foreignFiles(client), ca: client.ca })).toMatch(
        /alert|ECONNRESET|socket hang up/,
      )
    })

    test("the agents' port refuses a client's", async () => {
      expect(await asAnAgent(client)).toEqual([status.PERMISSION_DENIED, status.PERMISSION_DENIED])
    })

    test("the agents' port refuses none, and one of another root", async () => {
      const refused = [status.UNAUTHENTICATED, status.UNAUTHENTICATED]
      expect(await asAnAgent({ ca: client.ca })).toEqual(refused)
      expect(await asAnAgent({ ...foreignFiles(client), ca: client.ca })).toEqual(refused)
    })
  })
})

function endOfSession(client: DispatcherClient): Promise<number> {
  return new Promise((resolve) => {
    const session = client.session()
    session.on('data', () => {})
    session.on('error', (error: ServiceError) => resolve(error.code))
    session.on('end', () => resolve(status.OK))
  })
}

function endOfRenewal(client: EnrollmentClient): Promise<number> {
  return new Promise((resolve) => {
    client.renew({ certificateRequest: '' }, (error) => resolve(error?.code ?? status.OK))
  })
}

/** A certificate like that of `client`, for the same cluster and role, but signed by somebody else. */
function foreignFiles(client: ClientFiles): Pick<ClientFiles, 'key' | 'cert'> {
  const { clusterId, nodeId, role } = peerOfCertificate(new X509Certificate(client.cert))
  const nowMs = systemClock.now()
  const { keyPem, publicKey } = createKeyPair()
  const certificate = issueCertificate({
    root: createRoot(clusterId, nowMs),
    publicKey,
    subject: { clusterId, nodeId, role },
    nowMs,
    validityMs: 3_600_000,
  })
  return { key: Buffer.from(keyPem), cert: Buffer.from(certificate) }
}
