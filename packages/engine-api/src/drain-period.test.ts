import { describe, expect, test } from 'vitest'
import { DRAIN_PERIOD_LABEL, drainPeriodMs } from './drain-period.js'
import { validateServiceSpec } from './validation/index.js'

const labelled = (value: string) => ({ [DRAIN_PERIOD_LABEL]: value })

describe('the drain period of a service', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['0.5h', 1_800_000],
    ['1h', 3_600_000],
  ])('%s', (text, ms) => {
    expect(drainPeriodMs(labelled(text))).toBe(ms)
  })

  test('is not said when there is no label', () => {
    expect(drainPeriodMs({})).toBeUndefined()
  })

  test.each(['', '30', '-1s', 's', '5 s', '61m', '1d', 'never'])('%j is refused with its service', (text) => {
    expect(drainPeriodMs(labelled(text))).toBeUndefined()
    const TaskTemplate = { ContainerSpec: { Image: 'shop:1' } }
    expect(() => validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(text) })).toThrow(
      `invalid value ${JSON.stringify(text)} for the label shoal.drain-period: it must be a duration from 0 to 1h, such as 30s`,
    )
  })
})
