import { expect, test } from 'vitest'
import { insertDefaults, updateConfigOf } from './defaults.js'
import { storedNodeSpec, storedServiceSpec } from './stored-spec.js'

test('a spec gains what Docker writes into it, and nothing when it is stored again', () => {
  const stored = storedServiceSpec({
    Name: 'web',
    TaskTemplate: {
      ContainerSpec: { Image: 'x', Mounts: [{ Type: 'VOLUME', Target: '/x' }] },
      RestartPolicy: { Delay: 1 },
    },
    UpdateConfig: { Parallelism: 2 },
    Networks: [{ Target: 'host' }],
    EndpointSpec: { Ports: [{ TargetPort: 80 }] },
  })
  expect(stored).toEqual({
    Name: 'web',
    Labels: {},
    TaskTemplate: {
      ContainerSpec: { Image: 'x', Mounts: [{ Type: 'volume', Target: '/x' }], Isolation: 'default' },
      RestartPolicy: { Delay: 1, Condition: 'any' },
      ForceUpdate: 0,
      Runtime: 'container',
      Networks: [{ Target: 'host' }],
    },
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 2, FailureAction: 'pause', Order: 'stop-first' },
    EndpointSpec: { Mode: 'vip', Ports: [{ TargetPort: 80, Protocol: 'tcp', PublishMode: 'ingress' }] },
  })
  expect(storedServiceSpec(stored)).toEqual(stored)
})

test('defaults are inserted into the answer only where nothing was said', () => {
  const spec = storedServiceSpec({
    Name: 'web',
    TaskTemplate: { ContainerSpec: { Image: 'x' } },
    UpdateConfig: { Parallelism: 0, Order: 'start-first' },
  })
  const shown = insertDefaults(spec)
  expect(shown.TaskTemplate?.ContainerSpec?.StopGracePeriod).toBe(10_000_000_000)
  expect(shown.TaskTemplate?.RestartPolicy).toEqual({
    Condition: 'any',
    Delay: 5_000_000_000,
    MaxAttempts: 0,
  })
  expect(shown.UpdateConfig).toMatchObject({ Parallelism: 0, Monitor: 5_000_000_000, Order: 'start-first' })
  expect(shown.RollbackConfig).toMatchObject({ Parallelism: 1, FailureAction: 'pause', Order: 'stop-first' })
  expect(spec.RollbackConfig).toBeUndefined()
})

test('without a config updates go one by one, with one that leaves it out all at once', () => {
  expect(updateConfigOf(undefined).Parallelism).toBe(1)
  expect(updateConfigOf({}).Parallelism).toBe(0)
})

test('a node is an active worker unless it says otherwise', () => {
  expect(storedNodeSpec({})).toEqual({ Labels: {}, Role: 'worker', Availability: 'active' })
  expect(storedNodeSpec({ Role: 'Manager', Labels: { a: 'b' } })).toMatchObject({
    Role: 'manager',
    Labels: { a: 'b' },
  })
})
