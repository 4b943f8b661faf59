import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'

const NOW = Date.UTC(2026, 0, 1, 12)
const key = {
  ID: 'keykeykeykeykeykeykeykey1',
  Version: { Index: 7 },
  CreatedAt: '2026-01-01T09:00:00Z',
  UpdatedAt: '2026-01-01T11:00:00Z',
  Spec: { Name: 'key', Labels: { tier: 'db' } },
}

let folder: string
let manager: FakeManager
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctl-files-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await manager.close()
})
const given = async (routes: Routes): Promise<FakeManager> =>
  (manager = await fakeManager(routes, new VirtualClock(NOW)))

describe.each(['secret', 'config'] as const)('a %s', (kind) => {
  test('is made from the bytes of a file', async () => {
    const { ctl, requests } = await given({
      [`POST /${kind}s/create`]: () => ({ status: 201, body: { ID: key.ID } }),
    })
    writeFileSync(join(folder, 'key'), Buffer.from([0, 255, 10]))
    const words = ['-l', 'tier=db', '--template-driver', 'golang']
    expect(await ctl(kind, 'create', ...words, 'key', join(folder, 'key'))).toEqual({
      code: 0,
      out: `${key.ID}\n`,
      err: '',
    })
    expect(requests[0]?.body).toEqual({
      Name: 'key',
      Labels: { tier: 'db' },
      Data: 'AP8K',
      Templating: { Name: 'golang' },
    })
  })

  test('of a file that does not exist is not made', async () => {
    const { ctl, requests } = await given({})
    const ran = await ctl(kind, 'create', 'key', join(folder, 'none'))
    expect(ran.code).not.toBe(0)
    expect(ran.err).toContain(`error reading content of the ${kind} from "${join(folder, 'none')}"`)
    expect(requests).toEqual([])
  })

  test('is listed', async () => {
    const { ctl, requests } = await given({ [`GET /${kind}s`]: () => ({ body: [key] }) })
    const driver = kind === 'secret' ? 'DRIVER    ' : ''
    const none = kind === 'secret' ? '          ' : ''
    expect((await ctl(kind, 'ls', '-f', 'name=k')).out.split('\n').map((line) => line.trimEnd())).toEqual([
      `ID                          NAME      ${driver}CREATED       UPDATED`,
      `keykeykeykeykeykeykeykey1   key       ${none}3 hours ago   about an hour ago`,
      '',
    ])
    expect(requests[0]?.query).toEqual({ filters: '{"name":{"k":true}}' })
  })

  test('is removed; one that does not exist is told of, the others go', async () => {
    const { ctl, requests } = await given({
      [`DELETE /${kind}s/a`]: () => ({ status: 404, body: { message: `${kind} a not found` } }),
      [`DELETE /${kind}s/b`]: () => ({ status: 200, body: {} }),
    })
    expect(await ctl(kind, 'rm', 'a', 'b')).toMatchObject({
      code: 1,
      out: 'b\n',
      err: `Error response from daemon: ${kind} a not found\n`,
    })
    expect(requests).toHaveLength(2)
  })

  test('is shown for people', async () => {
    const { ctl } = await given({ [`GET /${kind}s/key`]: () => ({ body: key }) })
    const { out } = await ctl(kind, 'inspect', '--pretty', 'key')
    expect(out).toContain('ID:\t\t\tkeykeykeykeykeykeykeykey1\nName:\t\t\tkey\nLabels:\n - tier=db\n')
    expect(out).not.toContain('Data:')
  })
})

test('the data of a config is shown for people', async () => {
  const config = { ...key, Spec: { ...key.Spec, Data: Buffer.from('hello').toString('base64') } }
  const { ctl } = await given({ 'GET /configs/key': () => ({ body: config }) })
  expect((await ctl('config', 'inspect', '--pretty', 'key')).out).toContain('Data:\nhello\n')
})

test('a secret of a driver has no file', async () => {
  const { ctl } = await given({})
  const ran = await ctl('secret', 'create', '-d', 'vault', 'key', 'file')
  expect(ran).toMatchObject({ code: 1, err: 'When using secret driver secret data must be empty\n' })
})
