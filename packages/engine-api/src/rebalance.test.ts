import { describe, expect, test } from 'vitest'
import { rebalanceMode } from './rebalance.js'
import { validateServiceSpec, validateSwarmSpec } from './validation/index.js'

const labelled = (value: string) => ({ 'shoal.rebalance': value })
const TaskTemplate = { ContainerSpec: { Image: 'shop:1' } }

describe('whether a service, or the cluster, rebalances by itself', () => {
  test.each(['auto', 'never'])('%s', (mode) => {
    expect(rebalanceMode(labelled(mode))).toBe(mode)
    validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(mode) })
    validateSwarmSpec({ Labels: labelled(mode) })
  })

  test('is not said when there is no label', () => {
    expect(rebalanceMode({})).toBeUndefined()
  })

  test.each(['', 'Auto', 'yes'])('%j is refused', (text) => {
    const refusal = `invalid value ${JSON.stringify(text)} for the label shoal.rebalance: it must be one of auto, never`
    expect(() => validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(text) })).toThrow(refusal)
    expect(() => validateSwarmSpec({ Labels: labelled(text) })).toThrow(refusal)
  })
})
