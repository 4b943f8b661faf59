import { describe, expect, test } from 'vitest'
import { strategyNamed } from './strategy.js'
import { validateServiceSpec, validateSwarmSpec } from './validation/index.js'

const labelled = (value: string) => ({ 'shoal.strategy': value })
const TaskTemplate = { ContainerSpec: { Image: 'shop:1' } }

describe('the strategy of a service, or of the cluster', () => {
  test.each(['spread', 'binpack', 'random'])('%s', (name) => {
    expect(strategyNamed(labelled(name))).toBe(name)
    validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(name) })
    validateSwarmSpec({ Labels: labelled(name) })
  })

  test('is not said when there is no label', () => {
    expect(strategyNamed({})).toBeUndefined()
  })

  test.each(['', 'Spread', 'binpacking'])('%j is refused', (text) => {
    const refusal = `invalid value ${JSON.stringify(text)} for the label shoal.strategy: it must be one of spread, binpack, random`
    expect(strategyNamed(labelled(text))).toBeUndefined()
    expect(() => validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(text) })).toThrow(refusal)
    expect(() => validateSwarmSpec({ Labels: labelled(text) })).toThrow(refusal)
  })
})
