import { describe, expect, test } from 'vitest'
import { resourceBasis } from './resource-basis.js'
import { validateServiceSpec, validateSwarmSpec } from './validation/index.js'

const labelled = (value: string) => ({ 'shoal.resources': value })
const TaskTemplate = { ContainerSpec: { Image: 'shop:1' } }

describe('by what the room on nodes is judged', () => {
  test.each(['reserved', 'measured'])('%s', (basis) => {
    expect(resourceBasis(labelled(basis))).toBe(basis)
    validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(basis) })
    validateSwarmSpec({ Labels: labelled(basis) })
  })

  test.each(['', 'Measured', 'used'])('%j is refused', (text) => {
    const refusal = `invalid value ${JSON.stringify(text)} for the label shoal.resources: it must be one of reserved, measured`
    expect(resourceBasis(labelled(text))).toBeUndefined()
    expect(() => validateServiceSpec({ Name: 'web', TaskTemplate, Labels: labelled(text) })).toThrow(refusal)
    expect(() => validateSwarmSpec({ Labels: labelled(text) })).toThrow(refusal)
  })
})
