import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, expect, test } from 'vitest'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'

const NOW = Date.UTC(2026, 0, 1, 12)
const TASK = 'taskidtaskidtaskidtaskid1'
const NODE = 'nodeidnodeidnodeidnodeid1'
const context = `com.docker.swarm.node.id=${NODE},com.docker.swarm.service.id=web,com.docker.swarm.task.id=${TASK}`

function frames(...lines: [stream: number, text: string][]): Buffer {
  return Buffer.concat(
    lines.map(([stream, text]) => {
      const header = Buffer.alloc(8)
      header[0] = stream
      header.writeUInt32BE(Buffer.byteLength(text), 4)
      return Buffer.concat([header, Buffer.from(text)])
    }),
  )
}

const routes: Routes = {
  'GET /services/web': () => ({ body: { ID: 'web', Spec: { Name: 'web' } } }),
  [`GET /tasks/${TASK}`]: () => ({ body: { ID: TASK, ServiceID: 'web', Slot: 2, NodeID: NODE } }),
  [`GET /nodes/${NODE}`]: () => ({ body: { ID: NODE, Description: { Hostname: 'alpha' } } }),
}

let manager: FakeManager
afterEach(() => manager.close())
const given = async (more: Routes): Promise<FakeManager> =>
  (manager = await fakeManager({ ...routes, ...more }, new VirtualClock(NOW)))

test('lines begin with where they come from, and go where the container wrote them to', async () => {
  const body = frames([1, `${context} hello\n`], [2, `${context} oh\n`], [3, 'host-2 is down\n'])
  const { ctl, requests } = await given({ 'GET /services/web/logs': () => ({ body }) })
  expect(await ctl('service', 'logs', '--since', '10m', '-n', '5', 'web')).toEqual({
    code: 0,
    out: 'web.2.taskidtaskid@alpha    | hello\n',
    err: 'web.2.taskidtaskid@alpha    | oh\nhost-2 is down\n',
  })
  const asked = requests.find(({ path }) => path === '/services/web/logs')
  expect(asked?.query).toEqual({
    stdout: '1',
    stderr: '1',
    details: '1',
    tail: '5',
    since: ((NOW - 600_000) / 1000).toFixed(3),
  })
  expect(requests.filter(({ path }) => path === `/tasks/${TASK}`)).toHaveLength(1)
})

test('timestamps stay in front of the line, IDs can be left out or left whole', async () => {
  const body = frames([1, `2026-01-01T11:00:00.000000000Z ${context} hello\n`])
  const { ctl } = await given({ 'GET /services/web/logs': () => ({ body }) })
  const logs = async (...flags: string[]): Promise<string> =>
    (await ctl('service', 'logs', ...flags, 'web')).out
  expect(await logs('-t', '--no-task-ids')).toBe('web.2@alpha    | 2026-01-01T11:00:00.000000000Z hello\n')
  expect(await logs('-t', '--no-trunc', '--no-resolve')).toContain(`${TASK}@${NODE}    | `)
})

test('raw lines are left as they are', async () => {
  const { ctl, requests } = await given({
    'GET /services/web/logs': () => ({ body: frames([1, 'hello\n']) }),
  })
  expect((await ctl('service', 'logs', '--raw', 'web')).out).toBe('hello\n')
  expect(requests.at(-1)?.query).not.toHaveProperty('details')
})

test('what is neither a service nor a task is not found; a refusal is shown', async () => {
  const { ctl } = await given({
    'GET /services/web/logs': () => ({ status: 400, body: { message: 'bad tail' } }),
  })
  expect(await ctl('service', 'logs', 'none')).toMatchObject({
    code: 1,
    err: 'no such task or service: none\n',
  })
  expect(await ctl('service', 'logs', 'web')).toMatchObject({
    code: 1,
    err: 'Error response from daemon: bad tail\n',
  })
})

test('events are shown in one line each, with their attributes', async () => {
  const event = {
    Type: 'service',
    Action: 'update',
    Actor: { ID: 'web', Attributes: { name: 'web', 'image.new': 'web:2' } },
    timeNano: NOW * 1_000_000,
  }
  const { ctl, requests } = await given({
    'GET /events': () => ({ body: Buffer.from(`${JSON.stringify(event)}\n`.repeat(2)) }),
  })
  const line = '2026-01-01T12:00:00.000Z service update web (image.new=web:2, name=web)\n'
  expect(await ctl('events', '--since', '1h', '-f', 'type=service')).toEqual({
    code: 0,
    out: line + line,
    err: '',
  })
  expect(requests[0]?.query).toEqual({
    since: ((NOW - 3_600_000) / 1000).toFixed(3),
    filters: '{"type":{"service":true}}',
  })
  expect((await ctl('events', '--format', '{{.Action}} {{.Actor.ID}}')).out).toBe('update web\nupdate web\n')
})
