import { describe, expect, test } from 'vitest'
import {
  ago,
  alignColumns,
  compileTemplate,
  ellipsis,
  familiarImage,
  goDuration,
  humanBytes,
  humanDuration,
  listing,
  naturalOrder,
  publishedPorts,
  shortId,
  withDefaultTag,
} from './index.js'

const document = {
  ID: 'abc',
  Spec: { Name: 'web', Labels: { tier: 'front', 'com.example': 'x' }, Env: ['A=1', 'B=2'], Replicas: 3 },
  Empty: {},
  On: true,
}

describe("Go's templates", () => {
  test.each([
    ['{{.ID}}', 'abc'],
    ['{{ .Spec.Name }}!', 'web!'],
    ['{{json .Spec.Env}}', '["A=1","B=2"]'],
    ['{{.Spec.Env | json}}', '["A=1","B=2"]'],
    ['{{join .Spec.Env ", "}}', 'A=1, B=2'],
    ['{{index .Spec.Labels "com.example"}}', 'x'],
    ['{{len .Spec.Env}}', '2'],
    ['{{.Spec.Labels}}', 'map[com.example:x tier:front]'],
    ['{{.Spec.Env}}', '[A=1 B=2]'],
    ['{{.Spec.Missing}}', '<no value>'],
    ['{{upper .Spec.Name}}', 'WEB'],
    ['{{range .Spec.Env}}{{.}};{{end}}', 'A=1;B=2;'],
    ['{{range $k, $v := .Spec.Labels}}{{$k}}={{$v}} {{end}}', 'com.example=x tier=front '],
    ['{{range $v := .Spec.Env}}{{$v}}{{$.ID}}{{end}}', 'A=1abcB=2abc'],
    ['{{if .On}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .Empty}}yes{{else if eq .ID "abc"}}abc{{else}}no{{end}}', 'abc'],
    ['{{if and .On (gt .Spec.Replicas 2)}}many{{end}}', 'many'],
    ['{{with .Spec}}{{.Name}}{{end}}', 'web'],
    ['{{with .Empty}}x{{else}}none{{end}}', 'none'],
    ['a  {{- .ID -}}  b', 'aabcb'],
    ['{{$n := .Spec.Name}}{{$n}}{{/* nothing */}}', 'web'],
    ['{{printf "%-5s|%d" .ID .Spec.Replicas}}', 'abc  |3'],
    ['{{"}}"}}', '}}'],
    ['{{println .ID}}', 'abc\n'],
  ])('%s', (template, expected) => {
    expect(compileTemplate(template)(document)).toBe(expected)
  })

  test.each([
    ['{{.ID', 'unclosed action'],
    ['{{if .ID}}', 'unexpected EOF'],
    ['{{end}}', 'unexpected {{end}}'],
    ['{{frob .ID}}', 'function "frob" not defined'],
    ['{{.Nothing}}', "can't evaluate field Nothing"],
    ['{{$x}}', 'undefined variable "$x"'],
    ['{{(.ID}}', 'unclosed left paren'],
    ['{{.ID ~}}', 'unexpected "~"'],
  ])('%s is refused', (template, reason) => {
    expect(() => compileTemplate(template)(document)).toThrow(reason)
  })
})

describe('lists', () => {
  const style = {
    headers: { ID: 'ID', Name: 'NAME', Replicas: 'REPLICAS' },
    table: '{{.ID}}\t{{.Name}}\t{{.Replicas}}',
  }
  const rows = [
    { ID: 'a1', Name: 'web', Replicas: '3/3' },
    { ID: 'b2', Name: 'a-much-longer-name', Replicas: '1/1' },
  ]
  test.each([
    [
      'a table by default',
      {},
      [
        'ID        NAME                 REPLICAS',
        'a1        web                  3/3',
        'b2        a-much-longer-name   1/1',
      ],
    ],
    ['only IDs', { quiet: true }, ['a1', 'b2']],
    [
      'json',
      { format: 'json' },
      [
        '{"ID":"a1","Name":"web","Replicas":"3/3"}',
        '{"ID":"b2","Name":"a-much-longer-name","Replicas":"1/1"}',
      ],
    ],
    ['a template', { format: '{{.Name}}={{.Replicas}}' }, ['web=3/3', 'a-much-longer-name=1/1']],
    [
      'a table of a template',
      { format: String.raw`table {{.Name}}\t{{.ID}}` },
      ['NAME                 ID', 'web                  a1', 'a-much-longer-name   b2'],
    ],
  ])('%s', (_name, options, expected) => {
    expect(listing(style, rows, options)).toEqual(expected)
  })
  test('an empty list is a header', () => {
    expect(listing(style, [], {})).toEqual(['ID        NAME      REPLICAS'])
  })
  test('a field that nobody knows is refused', () => {
    expect(() => listing(style, rows, { format: '{{.Colour}}' })).toThrow("can't evaluate field Colour")
  })
  test('columns count characters, not bytes', () => {
    expect(
      alignColumns([
        ['€'.repeat(9), 'x'],
        ['a', 'y'],
      ]),
    ).toEqual([`${'€'.repeat(9)}   x`, `a${' '.repeat(11)}y`])
  })
})

describe("docker's words", () => {
  test.each([
    [humanDuration(200), 'Less than a second'],
    [humanDuration(1500), '1 second'],
    [humanDuration(59_000), '59 seconds'],
    [humanDuration(61_000), 'About a minute'],
    [humanDuration(20 * 60_000), '20 minutes'],
    [humanDuration(61 * 60_000), 'About an hour'],
    [humanDuration(30 * 3_600_000), '30 hours'],
    [humanDuration(5 * 86_400_000), '5 days'],
    [humanDuration(21 * 86_400_000), '3 weeks'],
    [humanDuration(100 * 86_400_000), '3 months'],
    [humanDuration(800 * 86_400_000), '2 years'],
    [ago('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1, 0, 3)), '3 minutes ago'],
    [ago('2026-01-01T00:00:10Z', Date.UTC(2026, 0, 1)), 'less than a second ago'],
    [humanBytes(25_276_923_904), '23.54GiB'],
    [humanBytes(67_108_864), '64MiB'],
    [humanBytes(12), '12B'],
    [goDuration(5e9), '5s'],
    [goDuration(90.5e9), '1m30.5s'],
    [goDuration(7_200e9), '2h0m0s'],
    [goDuration(250e6), '250ms'],
    [goDuration(0), '0s'],
    [ellipsis('abcdef', 4), 'abc…'],
    [shortId('abcdefghijklmnop'), 'abcdefghijkl'],
    [familiarImage('docker.io/library/nginx:1@sha256:abc'), 'nginx:1'],
    [familiarImage('r.example.com:5000/team/app:2'), 'r.example.com:5000/team/app:2'],
    [familiarImage('nginx@sha256:abc'), 'nginx@sha256:abc'],
    [withDefaultTag('nginx'), 'nginx:latest'],
    [withDefaultTag('localhost:5000/nginx'), 'localhost:5000/nginx:latest'],
    [withDefaultTag('nginx:1'), 'nginx:1'],
    [['web.10', 'web.2', 'db.1'].sort(naturalOrder).join(' '), 'db.1 web.2 web.10'],
  ])('%s', (actual, expected) => {
    expect(actual).toBe(expected)
  })

  const port = (PublishedPort: number, TargetPort: number, more = {}) => ({
    Protocol: 'tcp',
    PublishedPort,
    TargetPort,
    ...more,
  })
  test.each([
    [[port(8080, 80)], '*:8080->80/tcp'],
    [[port(81, 81), port(80, 80)], '*:80-81->80-81/tcp'],
    [[port(80, 80), port(81, 80)], '*:80-81->80/tcp'],
    [[port(80, 80), port(81, 81), port(82, 80)], '*:80-81->80-81/tcp, *:82->80/tcp'],
    [[port(53, 53), port(53, 53, { Protocol: 'udp' })], '*:53->53/tcp, *:53->53/udp'],
    [[port(8080, 80, { PublishMode: 'host' })], '*:8080->80/tcp (host)'],
    [[port(0, 80, { PublishMode: 'host' })], '*:any->80/tcp (host)'],
    [[], ''],
  ])('ports %#', (ports, expected) => {
    expect(publishedPorts(ports)).toBe(expected)
  })
})
