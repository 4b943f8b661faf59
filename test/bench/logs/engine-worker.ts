// Runs on a lab host, with `<readers> <service> <wave as JSON>`: so many readers follow each container of the service
// straight at the engine. Prints `ready`; then, for a line `<end of the wave in seconds of uptime> <patience in ms>`
// on standard input, what each of them got as JSON.
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import Docker from 'dockerode'
import { eventually } from '../../support/index.js'
import { Tally, tallyFrames, type Wave } from './tally.js'

const SOCKET = '/var/run/docker.sock'

function follow(id: string): Promise<IncomingMessage> {
  const path = `/containers/${id}/logs?follow=1&stderr=1&stdout=1&tail=0`
  return new Promise((resolve, reject) => {
    request({ socketPath: SOCKET, path, agent: false }, resolve).once('error', reject).end()
  })
}

const [, , readers = '', service = '', waveText = ''] = process.argv
const label = [`com.docker.swarm.service.name=${service}`]
const found = await new Docker({ socketPath: SOCKET }).listContainers({ filters: { label } })
const containers = found.map(({ Id, Names }) => ({ Id, slot: Number((Names[0] ?? '').split('.')[1]) }))
const wave = { ...(JSON.parse(waveText) as Wave), slots: containers.map(({ slot }) => slot) }
const tallies: Tally[] = []
for (let reader = 0; reader < Number(readers); reader++) {
  const tally = new Tally(wave)
  tallies.push(tally)
  for (const { Id } of containers) (await follow(Id)).on('data', tallyFrames(tally))
}
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [endS = 0, patienceMs = 0] = line.split(' ').map(Number)
  await eventually(() => {
    if (!tallies.every(({ isComplete }) => isComplete)) throw new Error('lines are missing')
  }, patienceMs).catch(() => undefined)
  console.log(JSON.stringify(tallies.map((tally) => tally.result(endS))))
  process.exit(0)
}
