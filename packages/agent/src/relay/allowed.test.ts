import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concernOf } from './allowed.js'

const ID = '0123456789abcdef'.repeat(4)
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT']

describe('what a manager may ask of an engine', () => {
  test.each([
    ['GET', 'json'],
    ['GET', 'logs?follow=1&stdout=1&tail=all&since=1700000000.000000001'],
    ['GET', 'top?ps_args=-e+f'],
    ['GET', 'stats?stream=0'],
    ['GET', 'archive?path=%2Fetc%2Fhosts'],
    ['HEAD', 'archive?path=%2F'],
    ['PUT', 'archive?noOverwriteDirNonDir=true&path=%2Ftmp'],
    ['POST', 'exec'],
    ['POST', 'attach?stream=1&stdin=1'],
    ['POST', 'resize?h=24&w=80'],
    ['POST', 'wait?condition=next-exit'],
  ])('%s %s of a container', (method, rest) => {
    expect(concernOf(method, `/containers/${ID}/${rest}`, false)).toEqual({ kind: 'container', id: ID })
  })

  test.each([
    ['GET', 'json'],
    ['POST', 'start'],
    ['POST', 'resize?h=24&w=80'],
  ])('%s %s of an exec', (method, rest) => {
    expect(concernOf(method, `/exec/${ID}/${rest}`, false)).toEqual({ kind: 'exec', id: ID })
  })

  test.each([
    ['nginx'],
    ['library/nginx:1.27'],
    ['localhost:5000/team/app:1@sha256:' + 'a'.repeat(64)],
    ['registry.example.com/a/b/c'],
  ])('what a registry says of %s', (image) => {
    expect(concernOf('GET', `/distribution/${image}/json`, false)).toEqual({ kind: 'registry' })
  })

  test('what a registry says of a password', () => {
    expect(concernOf('POST', '/auth', false)).toEqual({ kind: 'registry' })
  })

  test.each([
    ['/events?since=1700000000.000000001'],
    ['/events?since=1700000000&until=1700000001.5&event=kill&event=exec_create'],
  ])('events: %s', (path) => {
    expect(concernOf('GET', path, false)).toEqual({ kind: 'events' })
  })

  test('only attach and the start of an exec become streams of bytes', () => {
    expect(concernOf('POST', `/containers/${ID}/attach`, true)).toBeDefined()
    expect(concernOf('POST', `/exec/${ID}/start`, true)).toBeDefined()
    expect(concernOf('POST', `/containers/${ID}/wait`, true)).toBeUndefined()
    expect(concernOf('GET', `/containers/${ID}/logs`, true)).toBeUndefined()
  })
})

describe('what it may not', () => {
  test.each([
    ['GET', '/distribution/json'],
    ['GET', '/distribution/../containers/json'],
    ['GET', '/distribution/a/./json'],
    ['GET', '/distribution/a/../../info/json'],
    ['GET', '/distribution/a%2Fb/json'],
    ['GET', '/distribution/a/json?x=1'],
    ['GET', '/distribution//json'],
    ['POST', '/distribution/nginx/json'],
    ['POST', '/containers/create'],
    ['POST', '/containers/prune'],
    ['GET', '/containers/json'],
    ['POST', `/containers/${ID}/start`],
    ['POST', `/containers/${ID}/stop`],
    ['POST', `/containers/${ID}/kill`],
    ['POST', `/containers/${ID}/restart`],
    ['POST', `/containers/${ID}/pause`],
    ['POST', `/containers/${ID}/rename?name=x`],
    ['POST', `/containers/${ID}/update`],
    ['DELETE', `/containers/${ID}`],
    ['DELETE', `/containers/${ID}/json`],
    ['GET', `/containers/${ID}/attach/ws`],
    ['GET', `/containers/${ID.slice(0, 12)}/json`],
    ['GET', `/containers/${ID.toUpperCase()}/json`],
    ['GET', '/containers/web/json'],
    ['GET', `/containers/${ID}/../../images/json`],
    ['GET', `/containers/${ID}/json/../../../info`],
    ['GET', `/containers/${ID}%2F..%2F..%2Finfo/json`],
    ['GET', `//containers/${ID}/json`],
    ['GET', `/v1.41/containers/${ID}/json`],
    ['GET', `http://elsewhere/containers/${ID}/json`],
    ['GET', `/containers/${ID}/json#x`],
    ['GET', `/containers/${ID}/json?a=b c`],
    ['GET', `/containers/${ID}/json\r\nx: y`],
    ['GET', `/containers/${ID}/logs?x=\r\n\r\nDELETE /containers/x`],
    ['GET', `/containers/${ID}/json\n`],
    ['GET', `/exec/${ID}/logs`],
    ['POST', `/exec/${ID}`],
    ['GET', '/auth'],
    ['POST', '/auth?x=1'],
    ['GET', '/events'],
    ['GET', '/events?since='],
    ['GET', '/events?since=0&filters=%7B%7D'],
    ['GET', '/events?since=0&event=kill%22'],
    ['POST', '/events?since=0'],
    ['GET', '/info'],
    ['GET', '/images/json'],
    ['POST', '/build'],
    ['POST', '/images/create?fromImage=x'],
    ['GET', '/volumes'],
    ['POST', '/swarm/init'],
    ['POST', '/networks/create'],
    ['POST', '/plugins/pull'],
    ['get', `/containers/${ID}/json`],
    ['GET ', `/containers/${ID}/json`],
    ['', ''],
  ])('%s %s', (method, path) => {
    expect(concernOf(method, path, false)).toBeUndefined()
    expect(concernOf(method, path, true)).toBeUndefined()
  })

  test('whatever is let through is one short path that names its container or exec plainly', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '..',
        '?',
        '%2e',
        '%2F',
        '#',
        '\r\n',
        ' ',
        ID,
        'containers',
        'distribution',
        'exec',
        'json',
        'logs',
        'start',
      ),
      fc.string({ maxLength: 4 }),
    )
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const near = path.map((rest) => `/containers/${ID}/${rest}`)
    fc.assert(
      fc.property(
        fc.constantFrom(...METHODS),
        fc.oneof(path, near),
        fc.boolean(),
        (method, text, upgrade) => {
          const concern = concernOf(method, text, upgrade)
          if (!concern) return
          const [target = '', ...query] = text.split('?')
          expect(target).toMatch(
            /^\/(?:(?:containers|exec)\/[0-9a-f]{64}\/[a-z]+|distribution(?:\/[\w.:@+-]+)+\/json)$/,
          )
          expect(target).not.toMatch(/\/\.+\//)
          expect(target).toContain('id' in concern ? concern.id : '/distribution/')
          expect(query.join('?')).not.toMatch(/[\s#\\]/)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
