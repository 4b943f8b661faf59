import { systemClock } from '@shoal/common/clock'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager } from '../../testing/index.js'

describe('ctl service rebalance', () => {
  let manager: FakeManager
  afterEach(() => manager.close())

  /** A manager that answers so, one after the other, when it is asked how the rebalance stands. */
  async function given(...answers: readonly object[]): Promise<FakeManager['ctl']> {
    let asked = 0
    manager = await fakeManager(
      {
        'POST /shoal/services/web/rebalance': () => ({ body: { State: 'moving', Moving: 0, Moved: 0 } }),
        'GET /shoal/services/web/rebalance': () => ({
          body: answers[Math.min(asked++, answers.length - 1)],
        }),
      },
      systemClock,
    )
    return manager.ctl
  }
  const done = { State: 'done', Moving: 0, Moved: 2 }

  test('waits until all has moved, and says how much', async () => {
    const ctl = await given({ State: 'moving', Moving: 1, Moved: 1 }, done)
    const { code, out } = await ctl('service', 'rebalance', 'web')
    expect(code).toBe(0)
    expect(out).toContain('1 task moved, 1 on the way')
    expect(out).toContain('web rebalanced: 2 tasks moved')
  })

  test('says why it ended early', async () => {
    const ctl = await given({ ...done, Moved: 0, Failure: 'task x: no suitable node' })
    expect(await ctl('service', 'rebalance', '--quiet', 'web')).toMatchObject({
      code: 1,
      err: 'rebalance ended early (0 tasks moved): task x: no suitable node\n',
    })
  })

  test('asks only, where nobody wants to wait', async () => {
    const ctl = await given(done)
    expect(await ctl('service', 'rebalance', '-d', 'web')).toMatchObject({ code: 0, out: 'web\n' })
    expect(manager.requests.map(({ method }) => method)).toEqual(['POST'])
  })

  test('passes on what the manager refuses', async () => {
    const ctl = await given(done)
    expect(await ctl('service', 'rebalance', 'db')).toMatchObject({
      code: 1,
      err: 'Error response from daemon: page not found\n',
    })
  })
})
