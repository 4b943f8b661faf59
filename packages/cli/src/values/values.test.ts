import { describe, expect, test } from 'vitest'
import {
  capability,
  checkHostMapping,
  checkLabel,
  checkSearchDomain,
  parseBytes,
  parseConfig,
  parseCpus,
  parseCredentialSpec,
  parseCsv,
  parseDuration,
  parseFilters,
  parseGenericResource,
  parseMount,
  parseNetwork,
  parsePorts,
  parsePositiveDuration,
  parsePreference,
  parseSecret,
  parseUint,
  parseUlimit,
  splitShellWords,
} from './index.js'

describe('what a user types becomes the field that docker would send', () => {
  test.each<[string, (text: string) => unknown, string, unknown]>([
    ['seconds', parseDuration, '5s', 5e9],
    ['mixed units', parseDuration, '1h30m0.5s', 5_400_500_000_000],
    ['micro', parseDuration, '3us', 3000],
    ['zero needs no unit', parseDuration, '0', 0],
    ['a negative duration', parseDuration, '-2ms', -2e6],
    ['megabytes', parseBytes, '64m', 67_108_864],
    ['a long unit', parseBytes, '1.5GiB', 1_610_612_736],
    ['plain bytes', parseBytes, '512', 512],
    ['half a CPU', parseCpus, '0.5', 5e8],
    ['a third part in tenths', parseCpus, '.3', 3e8],
    ['a ratio', parseCpus, '1/2', 5e8],
    ['a number', parseUint, '12', 12],
    ['quoted csv', parseCsv, 'a,"b,""c""",d', ['a', 'b,"c"', 'd']],
    ['shell words', splitShellWords, `sh -c "echo 'a b' \\" c" d\\ e`, ['sh', '-c', `echo 'a b' " c`, 'd e']],
    ['an empty word', splitShellWords, `a ''`, ['a', '']],
    ['capability', capability, 'net_admin', 'CAP_NET_ADMIN'],
    ['host mapping', checkHostMapping, 'db=10.0.0.1', 'db:10.0.0.1'],
    ['IPv6 host mapping', checkHostMapping, 'db:[::1]', 'db:::1'],
    ['search domain', checkSearchDomain, 'example.com.', 'example.com'],
    [
      'preference',
      parsePreference,
      'spread=node.labels.dc',
      { Spread: { SpreadDescriptor: 'node.labels.dc' } },
    ],
    ['resource', parseGenericResource, 'ssd=2', { DiscreteResourceSpec: { Kind: 'ssd', Value: 2 } }],
    ['ulimit', parseUlimit, 'nofile=1024:2048', { Name: 'nofile', Soft: 1024, Hard: 2048 }],
    ['ulimit with one number', parseUlimit, 'nproc=64', { Name: 'nproc', Soft: 64, Hard: 64 }],
    ['network', parseNetwork, 'back', { Target: 'back' }],
    [
      'network, long',
      parseNetwork,
      'name=back,alias=db,alias=sql,driver-opt=a=b',
      { Target: 'back', Aliases: ['db', 'sql'], DriverOpts: { a: 'b' } },
    ],
    [
      'secret',
      parseSecret,
      'key',
      { SecretName: 'key', File: { Name: 'key', UID: '0', GID: '0', Mode: 0o444 } },
    ],
    [
      'secret, long',
      parseSecret,
      'source=key,target=/run/k,uid=1,gid=2,mode=0400',
      { SecretName: 'key', File: { Name: '/run/k', UID: '1', GID: '2', Mode: 0o400 } },
    ],
    [
      'config, long',
      parseConfig,
      'src=site,mode=292',
      { ConfigName: 'site', File: { Name: 'site', UID: '0', GID: '0', Mode: 292 } },
    ],
    ['credential spec', parseCredentialSpec, 'file://spec.json', { File: 'spec.json' }],
  ])('%s', (_name, parse, text, expected) => {
    expect(parse(text)).toEqual(expected)
  })
})

describe('ports', () => {
  const port = (PublishedPort: number, TargetPort: number, Protocol = 'tcp', PublishMode = 'ingress') => ({
    Protocol,
    TargetPort,
    PublishedPort,
    PublishMode,
  })
  test.each([
    ['8080:80', [port(8080, 80)]],
    ['80', [port(0, 80)]],
    ['53:53/udp', [port(53, 53, 'udp')]],
    ['8000-8001:80-81', [port(8000, 80), port(8001, 81)]],
    ['8000-8001:80', [port(8000, 80), port(8001, 80)]],
    ['mode=host,target=80,published=8080', [port(8080, 80, 'tcp', 'host')]],
  ])('%s', (text, expected) => {
    expect(parsePorts(text)).toEqual(expected)
  })
  test('a target alone leaves the published port to the manager', () => {
    expect(parsePorts('target=80')).toEqual([{ TargetPort: 80, Protocol: 'tcp', PublishMode: 'ingress' }])
  })
})

describe('mounts', () => {
  test.each([
    ['source=data,target=/data', { Type: 'volume', Source: 'data', Target: '/data' }],
    ['type=bind,src=/a,dst=/b,ro', { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }],
    [
      'type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-recursive=disabled',
      {
        Type: 'bind',
        Source: '/a',
        Target: '/b',
        BindOptions: { Propagation: 'rslave', NonRecursive: true },
      },
    ],
    [
      'type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770',
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 67_108_864, Mode: 0o1770 } },
    ],
    [
      'src=v,dst=/v,volume-driver=local,volume-opt=type=nfs,volume-label=a=b,volume-nocopy',
      {
        Type: 'volume',
        Source: 'v',
        Target: '/v',
        VolumeOptions: {
          Labels: { a: 'b' },
          DriverConfig: { Name: 'local', Options: { type: 'nfs' } },
          NoCopy: true,
        },
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseMount(text)).toEqual(expected)
  })
})

describe("bad values are refused in docker's words", () => {
  test.each<[(text: string) => unknown, string, string]>([
    [parseDuration, '5', 'time: missing unit in duration "5"'],
    [parseDuration, '5 apples', 'time: missing unit in duration "5 apples"'],
    [parseDuration, 'soon', 'time: invalid duration "soon"'],
    [parseDuration, '5d', 'time: unknown unit "d" in duration "5d"'],
    [parsePositiveDuration, '-1s', 'duration cannot be negative'],
    [parseBytes, 'lots', "invalid size: 'lots'"],
    [parseBytes, '-1', "invalid size: '-1'"],
    [parseBytes, '5x', "invalid suffix: 'x'"],
    [parseCpus, 'two', 'failed to parse two as a rational number'],
    [parseCpus, '0.0000000001', 'value is too precise'],
    [parseUint, '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    [checkLabel, '=x', "invalid label '=x': empty name"],
    [checkHostMapping, 'db', 'bad format for add-host: "db"'],
    [checkSearchDomain, '12', '12 is not a valid domain'],
    [parsePreference, 'binpack=x', 'unsupported placement preference binpack (only spread is supported)'],
    [parseGenericResource, 'gpu', 'invalid generic-resource format `gpu` expected `name=value`'],
    [parseUlimit, 'speed=1', 'invalid ulimit type: speed'],
    [parseUlimit, 'nofile=5:1', 'ulimit soft limit must be less than or equal to hard limit: 5 > 1'],
    [parsePorts, '1.2.3.4:80:80', 'hostip is not supported'],
    [parsePorts, '99999:80', 'invalid hostPort: 99999'],
    [
      parsePorts,
      '8000-8002:80-81',
      'invalid ranges specified for container and host Ports: 80-81 and 8000-8002',
    ],
    [parsePorts, '8002-8000:80', 'invalid hostPort: 8002-8000'],
    [parsePorts, '80-:80', 'invalid hostPort: 80-'],
    [parsePorts, '80/icmp', 'invalid proto: icmp'],
    [
      parsePorts,
      'mode=vip,target=80',
      "invalid publish mode value (vip): must be either 'ingress' or 'host'",
    ],
    [parsePorts, 'published=80', "missing mandatory field 'target'"],
    [parsePorts, 'target=x1', 'invalid target port (x1): value must be an integer: invalid syntax'],
    [parseMount, 'type=bind,src=/a', 'target is required'],
    [parseMount, 'type=bind,volume-nocopy,dst=/a', "cannot mix 'volume-*' options with mount type 'bind'"],
    [parseMount, 'dst=/a,colour=red', "unexpected key 'colour' in 'colour=red'"],
    [parseMount, 'dst', "invalid field 'dst' must be a key=value pair"],
    [parseSecret, 'target=a', 'source is required'],
    [parseNetwork, 'alias=x', 'network name/id is not specified'],
    [
      parseCredentialSpec,
      'x',
      'invalid credential spec: value must be prefixed with "config://", "file://", or "registry://"',
    ],
    [splitShellWords, '"a', 'EOF found when expecting closing quote'],
    [(text) => parseFilters([text]), 'name', 'bad format of filter (expected name=value)'],
  ])('%o %s', (parse, text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }))
  })
})
