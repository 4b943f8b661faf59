import { describe, expect, test } from 'vitest'
import { humanDuration } from './human-duration.js'
import { clusterExecId, locateExec } from './exec-id.js'

const SECOND = 1000
const HOUR = 3600 * SECOND

test.each([
  [0, 'Less than a second'],
  [SECOND, '1 second'],
  [59 * SECOND, '59 seconds'],
  [60 * SECOND, 'About a minute'],
  [150 * SECOND, '2 minutes'],
  [HOUR, 'About an hour'],
  [5 * HOUR, '5 hours'],
  [72 * HOUR, '3 days'],
  [24 * 21 * HOUR, '3 weeks'],
  [24 * 90 * HOUR, '3 months'],
  [24 * 800 * HOUR, '2 years'],
  [-5, 'Less than a second'],
])('%i ms are %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text)
})

describe('the ID of an exec', () => {
  const engineId = '0123456789abcdef'.repeat(4)

  test('says where it is', () => {
    expect(locateExec(clusterExecId(engineId, 'node1'))).toEqual({ engineId, nodeId: 'node1' })
  })

  test.each([[engineId], ['abc.node1'], [`${engineId}.`], [`${engineId}.a/b`], [`${engineId}.n\n`]])(
    '%j is none',
    (id) => expect(locateExec(id)).toBeUndefined(),
  )
})
