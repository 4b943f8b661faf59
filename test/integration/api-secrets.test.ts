import { put } from '@shoal/manager/state/index'
import { aService } from '@shoal/manager/state/testing/index'
import { describe, expect, test } from 'vitest'
import { SceneClient, filters } from './scene-client.js'

const api = SceneClient.forEachTest()

interface Shown {
  ID: string
  Version: { Index: number }
  Spec: { Name: string; Labels: Record<string, string>; Data?: string }
}

const DATA = Buffer.from('top secret\n').toString('base64')

async function create(kind: 'secret' | 'config', name: string, changes: object = {}): Promise<string> {
  const { status, body } = await api.ask<{ ID: string }>('POST', `/${kind}s/create`, {
    Name: name,
    Data: DATA,
    ...changes,
  })
  expect(status).toBe(201)
  return body.ID
}

/** A service that was accepted earlier on, and gives the secret or config to its tasks. */
async function aUser(kind: 'secret' | 'config', id: string, name: string): Promise<void> {
  const reference =
    kind === 'secret'
      ? { Secrets: [{ SecretID: id, SecretName: name, File: { Name: name } }] }
      : { Configs: [{ ConfigID: id, ConfigName: name, File: { Name: name } }] }
  const TaskTemplate = { ContainerSpec: { Image: 'busybox:1', ...reference } }
  await api.scene.state.commit([put('service', aService('web', { Spec: { Name: 'web', TaskTemplate } }))])
}

describe.each(['secret', 'config'] as const)('a %s', (kind) => {
  test('is found by its ID, its name and the beginning of its ID', async () => {
    const id = await create(kind, 'key', { Labels: { tier: 'db' } })
    for (const reference of [id, 'key', id.slice(0, 6)]) {
      const { status, body } = await api.ask<Shown>('GET', `/${kind}s/${reference}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ ID: id, Spec: { Name: 'key', Labels: { tier: 'db' } } })
    }
  })

  test('that nobody has is not found', async () => {
    const { status, body } = await api.ask('GET', `/${kind}s/none`)
    expect({ status, message: body.message }).toEqual({ status: 404, message: `${kind} none not found` })
  })

  test('cannot be made twice under one name', async () => {
    await create(kind, 'key')
    const { status, body } = await api.ask('POST', `/${kind}s/create`, { Name: 'key', Data: DATA })
    expect(status).toBe(409)
    expect(body.message).toBe(`rpc error: code = AlreadyExists desc = ${kind} key already exists`)
  })

  test('is made once when two clients ask at the same time', async () => {
    const asked = ['a', 'b', 'c'].map(() => api.ask('POST', `/${kind}s/create`, { Name: 'key', Data: DATA }))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409, 409])
  })

  test('is listed by name, label and ID', async () => {
    const id = await create(kind, 'key-1', { Labels: { tier: 'db' } })
    await create(kind, 'other')
    const list = async (query: string): Promise<string[]> =>
      (await api.ask<Shown[]>('GET', `/${kind}s?${query}`)).body.map(({ Spec }) => Spec.Name)
    expect(await list('')).toEqual(['key-1', 'other'])
    expect(await list(filters({ name: ['key'] }))).toEqual(['key-1'])
    expect(await list(filters({ names: ['key'] }))).toEqual([])
    expect(await list(filters({ names: { other: true } }))).toEqual(['other'])
    expect(await list(filters({ label: ['tier=db'] }))).toEqual(['key-1'])
    expect(await list(filters({ id: [id.slice(0, 8)] }))).toEqual(['key-1'])
  })

  test('may change its labels only, with or without its data', async () => {
    const id = await create(kind, 'key')
    const update = async (body: object) => {
      const { Version } = (await api.ask<Shown>('GET', `/${kind}s/${id}`)).body
      return api.ask('POST', `/${kind}s/${id}/update?version=${Version.Index}`, body)
    }
    expect((await update({ Name: 'key', Labels: { a: '1' } })).status).toBe(200)
    expect((await update({ Name: 'key', Labels: { a: '2' }, Data: DATA })).status).toBe(200)
    const { Spec } = (await api.ask<Shown>('GET', `/${kind}s/${id}`)).body
    expect(Spec.Labels).toEqual({ a: '2' })
    for (const change of [{ Name: 'new' }, { Name: 'key', Data: 'YWJj' }]) {
      const { status, body } = await update(change)
      expect(status).toBe(400)
      expect(body.message).toContain('only updates to Labels are allowed')
    }
  })

  test('is not updated from an old version', async () => {
    const id = await create(kind, 'key')
    const { status, body } = await api.ask('POST', `/${kind}s/${id}/update?version=0`, { Name: 'key' })
    expect(status).toBe(500)
    expect(body.message).toContain('update out of sequence')
  })

  test('is not removed while a service gives it to its tasks', async () => {
    const id = await create(kind, 'key')
    await aUser(kind, id, 'key')
    const refused = await api.ask('DELETE', `/${kind}s/key`)
    expect(refused.status).toBe(400)
    expect(refused.body.message).toContain(`${kind} 'key' is in use by the following service: web`)
    await api.ask('DELETE', '/services/web')
    expect((await api.ask('DELETE', `/${kind}s/key`)).status).toBe(204)
    expect((await api.ask('GET', `/${kind}s/key`)).status).toBe(404)
  })
})

test('the data of a secret is told to nobody; that of a config is', async () => {
  await create('secret', 'key')
  await create('config', 'key')
  const secret = await api.ask<Shown>('GET', '/secrets/key')
  expect(secret.body.Spec).not.toHaveProperty('Data')
  expect((await api.ask('GET', '/secrets')).text).not.toContain(DATA)
  expect((await api.ask<Shown>('GET', '/configs/key')).body.Spec.Data).toBe(DATA)
})

test('a secret of a driver is refused by name', async () => {
  const { status, body } = await api.ask('POST', '/secrets/create', { Name: 'a', Driver: { Name: 'vault' } })
  expect(status).toBe(501)
  expect(body.message).toContain('vault')
})
