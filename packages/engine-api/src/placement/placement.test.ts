import { describe, expect, test } from 'vitest'
import { matchesConstraints, matchesPlatform, parseConstraints, type ConstrainedNode } from './index.js'
import { InvalidDocument } from '../invalid-document.js'

const node: ConstrainedNode = {
  ID: 'abcdef0123',
  Spec: { Role: 'worker', Availability: 'active', Labels: { zone: 'East', Rack: 'r1' } },
  Description: {
    Hostname: 'host-1',
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: {},
    Engine: { EngineVersion: '28.0.0', Labels: { disk: 'ssd' } },
  },
  Status: { State: 'ready', Addr: '10.1.2.3' },
}

describe('a worker with labels meets constraints', () => {
  test.each([
    ['node.id==abcdef0123', true],
    ['node.id != abcdef0123', false],
    ['NODE.HOSTNAME == HOST-1', true],
    ['node.hostname!=host-1', false],
    ['node.role==worker', true],
    ['node.role==manager', false],
    ['node.role!=manager', true],
    ['node.platform.os==Linux', true],
    ['node.platform.arch==x86_64', true],
    ['node.platform.arch==amd64', true],
    ['node.platform.arch!=aarch64', true],
    ['node.labels.zone==east', true],
    ['Node.Labels.zone==east', true],
    ['node.labels.zone!=east', false],
    ['node.labels.rack==r1', false],
    ['node.labels.Rack==r1', true],
    ['node.labels.missing==x', false],
    ['node.labels.missing!=x', true],
    ['engine.labels.disk==ssd', true],
    ['engine.labels.missing!=ssd', true],
    ['node.ip==10.1.2.3', true],
    ['node.ip!=10.1.2.3', false],
    ['node.ip==10.1.0.0/16', true],
    ['node.ip==10.2.0.0/16', false],
    ['node.ip!=10.2.0.0/16', true],
    ['node.ip==2001:db8::/32', false],
    ['node.ip!=not-an-address', false],
    ['node.ip!=10.0.0.0/33', false],
    ['node.ip!=10.0.0.0/', false],
    ['node.mood==fine', false],
    ['node.mood!=fine', false],
    ['node.labels.!=x', false],
    ['node.labels.zone==/^Ea/', true],
    ['node.labels.zone == /west|East/', true],
    ['node.labels.zone==/^ea/', false],
    ['node.labels.zone==/(?i)^ea/', true],
    ['node.labels.zone!=/^Ea/', false],
    ['node.labels.zone!=/^a={1,2}!=b$/', true],
    ['node.labels.missing==/./', false],
    ['node.labels.missing==/^$/', true],
    ['node.labels.missing!=/./', true],
    ['engine.labels.disk==/s{2}d/', true],
    ['node.hostname==/^host-[0-9]$/', true],
    ['node.ip==/^10\\.1\\./', true],
    ['node.platform.arch==/^x86/', true],
    ['node.mood==/.*/', false],
    ['node.labels.zone==/', false],
    ['node.labels.zone==/East', false],
    ['node.labels.zone==~west', true],
    ['node.labels.zone!=~East', true],
    ['node.labels.zone==~/west/', true],
  ])('%s → %s', (text, expected) => {
    expect(matchesConstraints(parseConstraints([text]), node)).toBe(expected)
  })

  test('all of them have to hold, and none always holds', () => {
    expect(matchesConstraints([], node)).toBe(true)
    expect(matchesConstraints(parseConstraints(['node.role==worker', 'node.labels.zone==east']), node)).toBe(
      true,
    )
    expect(matchesConstraints(parseConstraints(['node.role==worker', 'node.labels.zone==west']), node)).toBe(
      false,
    )
  })

  test('a node without any labels satisfies only the negations', () => {
    const bare = { ...node, Spec: {} }
    expect(matchesConstraints(parseConstraints(['node.labels.zone!=east']), bare)).toBe(true)
    expect(matchesConstraints(parseConstraints(['node.labels.zone==east']), bare)).toBe(false)
  })
})

describe('wishes', () => {
  test('say whether a node meets them, though they keep none out', () => {
    const [met, unmet, , hard] = parseConstraints([
      'node.labels.zone ==~ /^E/',
      'node.labels.zone==~west',
      'node.labels.zone!=~East',
      'node.labels.zone==East',
    ])
    expect(met).toMatchObject({ isSoft: true, operator: '==' })
    expect(hard?.isSoft).toBe(false)
    expect([met?.matches(node), unmet?.matches(node)]).toEqual([true, false])
  })
})

describe('texts that are no constraints are refused in Docker’s words', () => {
  test.each([
    ['node.role=worker', 'constraint expected one operator from ==, !='],
    ['node.role', 'constraint expected one operator from ==, !='],
    ['', 'constraint expected one operator from ==, !='],
    ['node.cpu > 4', 'constraint expected one operator from ==, !='],
    ['==worker', "key '' is invalid"],
    ['1node==x', "key '1node' is invalid"],
    ['no de==x', "key 'no de' is invalid"],
    ['a!=b==c', "key 'a!=b' is invalid"],
    ['node.role==', "value '' is invalid"],
    ['node.role==~', "value '' is invalid"],
    ['node.role==~~worker', "value '~worker' is invalid"],
    ['node.role==/(/', "value '/(/' is invalid: missing closing )"],
    ['node.role==~/[/', "value '/[/' is invalid: missing closing ]"],
    ['node.role==/(?=a)/', "value '/(?=a)/' is invalid: invalid or unsupported Perl syntax"],
    ['1node==/x/', "key '1node' is invalid"],
    ['node.role===worker', "value '=worker' is invalid"],
  ])('%s', (text, message) => {
    const parse = () => parseConstraints([text])
    expect(parse).toThrow(InvalidDocument)
    expect(parse).toThrow(new InvalidDocument(message))
  })
})

describe('platforms', () => {
  const linux = { Architecture: 'x86_64', OS: 'linux' }
  test.each([
    ['none known', [], true],
    ['the same under its other name', [{ Architecture: 'amd64', OS: 'linux' }], true],
    ['another architecture', [{ Architecture: 'arm64', OS: 'linux' }], false],
    ['another system', [{ Architecture: 'amd64', OS: 'windows' }], false],
    ['one of several', [{ Architecture: 'arm64', OS: 'linux' }, linux], true],
    ['any architecture', [{ Architecture: '', OS: 'linux' }], true],
    ['any system', [{ Architecture: 'amd64' }], true],
    ['anything', [{}], true],
  ])('%s → %s', (_name, platforms, expected) => {
    expect(matchesPlatform(platforms, linux)).toBe(expected)
  })

  test('aarch64 is arm64', () => {
    expect(
      matchesPlatform([{ Architecture: 'arm64', OS: 'linux' }], { Architecture: 'aarch64', OS: 'linux' }),
    ).toBe(true)
  })
})
