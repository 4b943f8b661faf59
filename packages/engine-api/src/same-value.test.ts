import { describe, expect, test } from 'vitest'
import type { TaskMaterial } from './same-value.js'
import { sameButPlacement, sameMaterial, sameValue } from './same-value.js'

describe('absent, empty and zero are one', () => {
  test.each([
    [undefined, {}, true],
    [{}, { a: [], b: { c: '' }, d: 0, e: false }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: [''] }, {}, false],
    [{ a: 1 }, {}, false],
    [[], {}, true],
    [['x'], { 0: 'x' }, false],
    [{ Labels: { a: '' } }, {}, false],
    [{ Labels: { a: '' } }, { Labels: { b: '' } }, false],
    [{ Labels: { a: '1' } }, { Labels: { a: '1' } }, true],
    [{ x: { Labels: {} } }, {}, true],
    [{ TmpfsOptions: { Options: [['noexec']] } }, { TmpfsOptions: { Options: [['noexec']] } }, true],
    [{ TmpfsOptions: { Options: [['noexec']] } }, { TmpfsOptions: { Options: [['exec']] } }, false],
  ])('%j and %j: %s', (left, right, expected) => {
    expect(sameValue(left, right)).toBe(expected)
    expect(sameValue(right, left)).toBe(expected)
  })
})

const material = (TaskTemplate: TaskMaterial['TaskTemplate'] & object = {}): TaskMaterial => ({
  TaskTemplate: { ...TaskTemplate, ContainerSpec: { Image: 'x', ...TaskTemplate.ContainerSpec } },
})

describe('what tasks are made from', () => {
  test.each<[string, TaskMaterial, boolean]>([
    [
      'what the store adds',
      {
        ...material({ Runtime: 'container', ForceUpdate: 0, ContainerSpec: { Isolation: 'default' } }),
        EndpointSpec: { Mode: 'vip' },
      },
      true,
    ],
    [
      'empty parts',
      material({ Resources: { Limits: {} }, Placement: {}, Networks: [], ContainerSpec: { Env: [] } }),
      true,
    ],
    ['another image', material({ ContainerSpec: { Image: 'y' } }), false],
    ['a forced update', material({ ForceUpdate: 1 }), false],
    ['a published port', { ...material(), EndpointSpec: { Ports: [{ TargetPort: 80 }] } }, false],
    ['no init, whatever the engine would do', material({ ContainerSpec: { Init: false } }), false],
    ['no grace at all', material({ ContainerSpec: { StopGracePeriod: 0 } }), false],
    ['no restart delay at all', material({ RestartPolicy: { Delay: 0 } }), false],
  ])('%s', (_what, other, expected) => {
    expect(sameMaterial(material(), other)).toBe(expected)
  })

  test('secrets and configs are the same in any order, but not at other targets', () => {
    const at = (...names: string[]): TaskMaterial => {
      const references = names.map((Name) => ({ SecretID: 's', SecretName: 's', File: { Name } }))
      return material({ ContainerSpec: { Secrets: references, Configs: references } })
    }
    expect(sameMaterial(at('a', 'b'), at('b', 'a'))).toBe(true)
    expect(sameMaterial(at('a', 'b'), at('a', 'c'))).toBe(false)
    expect(sameMaterial(at('a'), at())).toBe(false)
  })

  test('a difference in placement alone is told apart', () => {
    const placed = material({ Placement: { Constraints: ['node.role==worker'] } })
    expect(sameMaterial(material(), placed)).toBe(false)
    expect(sameButPlacement(material(), placed)).toBe(true)
    expect(sameButPlacement(material({ ForceUpdate: 1 }), placed)).toBe(false)
  })
})
