import type { Service } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import type { DesiredStack } from '../convert/stack.js'
import { aConfig, aNetwork, aSecret, aService, desiredOf, NOTHING } from '../testing/index.js'
import { CONTENT_LABEL, contentMark, isMarkOf } from './content.js'
import { planDeploy } from './decide.js'
import { FILE_LABEL } from './files.js'
import type { Observed } from './observed.js'
import { planSummary, stepLines } from './show.js'

const LABELS = { 'com.docker.stack.namespace': 'shop' }
const TEXT = `
services:
  web: {image: "a:1", secrets: [door], configs: [motd], deploy: {replicas: 2}}
secrets: {door: {file: door}}
configs: {motd: {file: motd}}
`
/** Of `open`; making one takes its time on purpose. */
const MARK = contentMark(btoa('open'))
const stack = (text = TEXT, door = 'open', motd = 'hi'): Promise<DesiredStack> =>
  desiredOf(text, { '/app/door': door, '/app/motd': motd })

/** The cluster after the stack was deployed with these contents. */
async function deployed(motd = 'hi'): Promise<Observed> {
  const { services } = await stack(TEXT, 'open', motd)
  return {
    services: services.map((spec) => {
      const copy = structuredClone(spec)
      for (const network of copy.TaskTemplate?.Networks ?? []) network.Target = `id-${network.Target}`
      for (const secret of copy.TaskTemplate?.ContainerSpec?.Secrets ?? []) secret.SecretID = 'id'
      return aService(copy)
    }),
    networks: [
      aNetwork('shop_default', { Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' } }),
      aNetwork('ingress', { Labels: null }),
    ],
    secrets: [aSecret({ Name: 'shop_door', Labels: { ...LABELS, [CONTENT_LABEL]: MARK } })],
    configs: [aConfig({ Name: 'shop_motd', Labels: LABELS, Data: btoa(motd) })],
  }
}
const withSpec = (observed: Observed, change: (service: Service) => Service): Observed => ({
  ...observed,
  services: observed.services.map((service) => change(structuredClone(service))),
})
const lines = (desired: DesiredStack, observed: Observed, prune = false): string[] =>
  planDeploy(desired, observed, prune).flatMap(stepLines)

describe('a plan', () => {
  test('of a new stack makes networks and files before services', async () => {
    expect(lines(await stack(), NOTHING)).toEqual([
      '+ network shop_default',
      '+ secret shop_door',
      '+ config shop_motd',
      '+ service shop_web',
    ])
    expect(planSummary(planDeploy(await stack(), NOTHING, false))).toBe(
      '4 to create, 0 to update, 0 to remove',
    )
  })

  test('of an unchanged stack has no step, whatever the cluster added', async () => {
    const observed = withSpec(await deployed(), (service) => {
      service.Spec.TaskTemplate = { ...service.Spec.TaskTemplate, ForceUpdate: 3, Runtime: 'container' }
      service.Spec.TaskTemplate.ContainerSpec!.Isolation = 'default'
      service.Spec.TaskTemplate.ContainerSpec!.Image = `a:1@sha256:${'0'.repeat(64)}`
      service.Spec.TaskTemplate.Placement = { Platforms: [{ OS: 'linux', Architecture: 'amd64' }] }
      return service
    })
    expect(planDeploy(await stack(), observed, true)).toEqual([])
  })

  test('names the fields that change', async () => {
    const desired = await stack(
      TEXT.replace('a:1', 'a:2').replace('replicas: 2', 'replicas: 3, labels: {a.b: ""}'),
    )
    expect(lines(desired, await deployed())).toEqual([
      '~ service shop_web',
      '    Labels.a.b: (none) → ""',
      '    Labels.com.docker.stack.image: "a:1" → "a:2"',
      '    Mode.Replicated.Replicas: 2 → 3',
      '    TaskTemplate.ContainerSpec.Image: "a:1" → "a:2"',
    ])
  })

  test.each([
    ['init: false', '    TaskTemplate.ContainerSpec.Init: (none) → false'],
    ['stop_grace_period: 0s', '    TaskTemplate.ContainerSpec.StopGracePeriod: (none) → 0'],
    ['restart: "no"', '    TaskTemplate.RestartPolicy.Condition: (none) → "none"'],
  ])('sees %s, though it may look like nothing', async (text, line) => {
    const desired = await stack(TEXT.replace('{image', `{${text}, image`))
    expect(lines(desired, await deployed())).toEqual(['~ service shop_web', line])
  })

  test('keeps what force-updates counted', async () => {
    const observed = withSpec(await deployed(), (service) => {
      service.Spec.TaskTemplate = { ...service.Spec.TaskTemplate, ForceUpdate: 3 }
      return service
    })
    const [step] = planDeploy(await stack(TEXT.replace('a:1', 'a:2')), observed, false)
    expect(step).toMatchObject({ kind: 'update-service', spec: { TaskTemplate: { ForceUpdate: 3 } } })
  })
})

describe('a secret or config whose content changed', () => {
  test('gets a new version; the old one stays for a rollback', async () => {
    const steps = planDeploy(await stack(TEXT, 'shut', 'ho'), await deployed(), false)
    expect(steps.flatMap(stepLines).filter((line) => !line.startsWith(' '))).toEqual([
      '+ secret shop_door-2 (a new version of shop_door)',
      '+ config shop_motd-2 (a new version of shop_motd)',
      '~ service shop_web',
    ])
    expect(steps.at(-1)).toMatchObject({
      spec: {
        TaskTemplate: {
          ContainerSpec: { Secrets: [{ SecretName: 'shop_door-2', File: { Name: 'door' } }] },
        },
      },
    })
  })

  const rolled = async (previous: 'refers' | 'does not refer'): Promise<Observed> => {
    const observed = withSpec(await deployed('ho'), (service) => {
      const before = structuredClone(service.Spec)
      service.Spec.TaskTemplate!.ContainerSpec!.Configs![0]!.ConfigName = 'shop_motd-2'
      return previous === 'refers' ? { ...service, PreviousSpec: before } : service
    })
    const next = aConfig({
      Name: 'shop_motd-2',
      Labels: { ...LABELS, [FILE_LABEL]: 'shop_motd' },
      Data: btoa('hi'),
    })
    return { ...observed, configs: [...observed.configs, next] }
  }
  test('is found again by its content: no step', async () => {
    expect(lines(await stack(), await rolled('refers'))).toEqual([])
  })
  test('goes when no service refers to it, now or after a rollback', async () => {
    expect(lines(await stack(), await rolled('does not refer'))).toEqual(['- config shop_motd'])
  })
  test('takes the next number, and an earlier version with the content that is wanted', async () => {
    expect(lines(await stack(TEXT, 'open', 'he'), await rolled('refers'))[0]).toBe(
      '+ config shop_motd-3 (a new version of shop_motd-2)',
    )
    expect(lines(await stack(TEXT, 'open', 'ho'), await rolled('refers'))[0]).toBe('~ service shop_web')
  })
  test('of which nobody knows the content is a new version', async () => {
    const observed = { ...(await deployed()), secrets: [aSecret({ Name: 'shop_door', Labels: LABELS })] }
    expect(lines(await stack(), observed)[0]).toBe('+ secret shop_door-2 (a new version of shop_door)')
  })
  test('of which only labels change is updated', async () => {
    const desired = await stack(TEXT.replace('{file: motd}', '{file: motd, labels: [a=b]}'))
    expect(lines(desired, await deployed())).toEqual(['~ config shop_motd', '    Labels.a: (none) → "b"'])
  })
  test('a mark tells its content only', () => {
    const mark = contentMark(btoa('open'))
    expect(mark).not.toBe(contentMark(btoa('open')))
    expect([isMarkOf(mark, btoa('open')), isMarkOf(mark, btoa('shut'))]).toEqual([true, false])
    expect(isMarkOf(undefined, btoa('open'))).toBe(false)
  })
})

describe('what the files do not name', () => {
  const other = async (): Promise<Observed> => {
    const observed = await deployed()
    return {
      services: [
        ...observed.services,
        aService({ Name: 'shop_old', Labels: LABELS }),
        aService({ Name: 'other' }),
      ],
      networks: [...observed.networks, aNetwork('shop_old')],
      secrets: [
        ...observed.secrets,
        aSecret({ Name: 'shop_old', Labels: LABELS }),
        aSecret({ Name: 'other' }),
      ],
      configs: observed.configs,
    }
  }
  test('stays', async () => expect(lines(await stack(), await other())).toEqual([]))
  test('goes with --prune', async () => {
    expect(lines(await stack(), await other(), true)).toEqual([
      '- service shop_old',
      '- secret shop_old',
      '- network shop_old',
    ])
  })
})

describe('what cannot be', () => {
  const strange = {}
  test.each<[string, (observed: Observed) => Observed, RegExp]>([
    [
      'a network that would change',
      (observed) => ({ ...observed, networks: [aNetwork('shop_default', { Internal: true })] }),
      /network shop_default would change \(Internal\)/,
    ],
    [
      'a network of others',
      (observed) => ({ ...observed, networks: [aNetwork('shop_default', { Labels: strange })] }),
      /network shop_default exists and does not belong to the stack shop/,
    ],
    [
      'a service of others',
      (observed) => ({ ...observed, services: [aService({ Name: 'shop_web' })] }),
      /service shop_web exists and does not belong/,
    ],
    [
      'a secret of others',
      (observed) => ({ ...observed, secrets: [aSecret({ Name: 'shop_door' })] }),
      /secret shop_door exists and does not belong/,
    ],
  ])('%s is refused before anything is done', async (_what, change, message) => {
    const observed = change(await deployed())
    const desired = await stack()
    expect(() => planDeploy(desired, observed, false)).toThrow(message)
  })
  test.each([
    [
      'networks: {default: {external: true, name: n}}',
      'network n is declared as external, and does not exist',
    ],
    ['secrets: {s: {external: true}}', 'secret s is declared as external, and does not exist'],
    ['configs: {s: {external: true}}', 'config s is declared as external, and does not exist'],
  ])('%s', async (text, message) => {
    const desired = await desiredOf(`services: {a: {image: x}}\n${text}`)
    expect(() => planDeploy(desired, NOTHING, false)).toThrow(message)
  })
})
