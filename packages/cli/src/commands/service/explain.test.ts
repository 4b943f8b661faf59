import type { ExplainedTask, NodeVerdict, PlacementCase, PlacementExplanation } from '@shoal/engine-api'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager } from '../../testing/index.js'

const NONE = 'no suitable node (insufficient resources on 2 nodes)'
const clock = new VirtualClock()
const accepting = (name: string): NodeVerdict => ({
  ID: `id-${name}`,
  Hostname: name,
  Accepts: true,
  Refusals: [],
})
const refusing = (name: string, ...Refusals: NodeVerdict['Refusals']): NodeVerdict => ({
  ...accepting(name),
  Accepts: false,
  Refusals,
})
const cpus = (free: number): NodeVerdict['Refusals'][number] => ({
  Filter: 'resources',
  Asked: '2 CPUs',
  Found: `${free} of 4 free`,
  Amount: free,
})
const disk = (Found: string): NodeVerdict['Refusals'][number] => ({
  Filter: 'constraints',
  Asked: 'node.labels.disk==ssd',
  Found,
})
const task = (changes: Partial<ExplainedTask> = {}): ExplainedTask => ({
  ID: 't4',
  Name: 'web.4',
  State: 'pending',
  DesiredState: 'running',
  Since: new Date(clock.now() - 180_000).toISOString(),
  ...changes,
})
const explanation = (each: Partial<PlacementCase>, Waiting = 2, Placed = 3): PlacementExplanation => ({
  Service: { ID: 's1', Name: 'web' },
  Waiting,
  Placed,
  Cases: [{ Task: task(), Others: 0, Summary: '', Nodes: [], ...each }],
})

describe('ctl service explain', () => {
  let manager: FakeManager
  afterEach(() => manager.close())

  /** What ctl says of `web` when the manager answers so. */
  async function explained(body: PlacementExplanation, ...flags: string[]): Promise<string> {
    manager = await fakeManager({ 'GET /shoal/services/web/explanation': () => ({ body }) }, clock)
    const { code, out, err } = await manager.ctl('service', 'explain', ...flags, 'web')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    return out
  }

  const full = explanation({
    Others: 1,
    Summary: NONE,
    Nodes: [refusing('host-10', cpus(1), disk('hdd')), refusing('host-9', cpus(0.5))],
  })

  test('says first how many wait and why, then what each node lacks, the nearest first', async () => {
    expect(await explained(full)).toBe(`\
web: 2 of 5 tasks without a node
web.4 and 1 other: ${NONE}
nodes that would take it: 0 of 2

NODE      VERDICT   ASKED FOR               FOUND
host-9    refuses   2 CPUs                  0.5 of 4 free
host-10   refuses   2 CPUs                  1 of 4 free
                    node.labels.disk==ssd   hdd
`)
  })

  test('shows one node of many', async () => {
    const out = await explained(full, '--node', 'host-10')
    expect(out).toContain(': 0 of 2')
    expect(out).toContain('host-10')
    expect(out).not.toContain('host-9')
  })

  test('gives scripts a line for everything that a node lacks', async () => {
    const out = await explained(
      full,
      '--format',
      '{{.Task}} {{.Node}} {{.Filter}}: {{.AskedFor}}, {{.Found}}',
    )
    expect(out.split('\n')).toEqual([
      'web.4 host-9 resources: 2 CPUs, 0.5 of 4 free',
      'web.4 host-10 resources: 2 CPUs, 1 of 4 free',
      'web.4 host-10 constraints: node.labels.disk==ssd, hdd',
      '',
    ])
  })

  const many = explanation({
    Nodes: [
      ...Array.from({ length: 700 }, (_, index) => refusing(`a-${index}`, cpus(index === 33 ? 1.5 : 1))),
      ...Array.from({ length: 250 }, (_, index) =>
        refusing(`b-${index}`, disk(index < 100 ? 'hdd' : 'not set')),
      ),
      ...Array.from({ length: 48 }, (_, index) => refusing(`c-${index}`, disk('hdd'), cpus(0))),
      accepting('d-2'),
      accepting('d-1'),
    ],
  })

  test('sums up what the nodes of a large cluster lack alike', async () => {
    expect(await explained(many)).toBe(`\
web: 2 of 5 tasks without a node
web.4: about to be given a node
nodes that would take it: 2 of 1000

NODES     VERDICT   ASKED FOR               FOUND                          NAMES
2         accepts                                                          d-1, d-2
700       refuses   2 CPUs                  at best 1.5 of 4 free (a-33)   a-0, a-1, a-2, 697 more
250       refuses   node.labels.disk==ssd   not set (150), hdd (100)       b-0, b-1, b-2, 247 more
48        refuses   node.labels.disk==ssd   hdd                            c-0, c-1, c-2, 45 more
                    2 CPUs                  0 of 4 free
`)
  })

  test('shows each of them when it is asked for', async () => {
    expect((await explained(many, '--no-trunc')).split('\n')).toHaveLength(4 + 1 + 1000 + 48 + 1)
  })

  test.each<[string, Partial<PlacementCase>, string]>([
    [
      'a task that is placed',
      {
        Task: task({ State: 'running', NodeID: 'id-host-1' }),
        Nodes: [{ ...accepting('host-1'), IsHere: true }, accepting('host-2')],
      },
      'web.4 is on host-1: running 3 minutes ago\nother nodes that would take it: 1 of 1\n',
    ],
    [
      'one that has ended',
      { Task: task({ State: 'failed', DesiredState: 'shutdown', Err: 'exit 1', NodeID: 'gone' }) },
      'web.4 was on gone: failed 3 minutes ago: exit 1\n' +
        'what became of it there: ctl service ps --no-trunc web\n',
    ],
    [
      'one that is to stop',
      { Task: task({ State: 'running', DesiredState: 'shutdown', NodeID: 'gone' }) },
      'web.4 is on gone: running 3 minutes ago (not to run any more)\n',
    ],
    [
      'one that has no address',
      { Task: task({ State: 'new', Err: 'network x is full' }), Nodes: [accepting('host-1')] },
      'web.4: no network address yet: network x is full\nnodes that would take it: 1 of 1\n',
    ],
    ['a service without tasks', { Task: undefined as never }, 'each node is asked about a new task\n'],
  ])('%s', async (_name, each, words) => {
    expect(await explained(explanation(each))).toContain(words)
  })

  test('nodes of the same name are told apart', async () => {
    const twin = { ...accepting('host-1'), ID: 'zyxwvutsrqponmlk' }
    expect(await explained(explanation({ Nodes: [accepting('host-1'), twin] }))).toMatch(
      /host-1 \(id-host-1\) +accepts\nhost-1 \(zyxwvutsrqpo\) +accepts/,
    )
  })

  test('takes the name of a task, and what is neither is refused in docker’s words', async () => {
    manager = await fakeManager({ 'GET /shoal/tasks/web.4/explanation': () => ({ body: full }) }, clock)
    expect(await manager.ctl('service', 'explain', 'web.4')).toMatchObject({ code: 0 })
    expect(await manager.ctl('service', 'explain', 'nobody')).toMatchObject({
      code: 1,
      err: 'no such task or service: nobody\n',
    })
    expect(await manager.ctl('service', 'explain', '--node', 'host-7', 'web.4')).toMatchObject({
      code: 1,
      err: 'no such node among those that are asked: host-7\n',
    })
  })
})
