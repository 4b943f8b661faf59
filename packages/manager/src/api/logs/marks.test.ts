import { expect, test } from 'vitest'
import { LineMarks } from './marks.js'

const CONTEXT = { nodeId: 'n', serviceId: 's', taskId: 't' }
const OWN = 'com.docker.swarm.node.id=n,com.docker.swarm.service.id=s,com.docker.swarm.task.id=t'
const TIME = '2026-01-02T03:04:05.000000006Z'

const marked = (timestamps: boolean, payload: string): string =>
  Buffer.concat(new LineMarks({ timestamps, details: true }, CONTEXT).mark(Buffer.from(payload))).toString(
    'utf8',
  )

test.each([
  ['no details of its own', false, ' a line\n', `${OWN} a line\n`],
  ['details before', false, 'a=1 a line\n', `a=1,${OWN} a line\n`],
  ['details behind', false, 'x=%20,a=1 é\n', `a=1,${OWN},x=%20 é\n`],
  ['a time', true, `${TIME}  a line\n`, `${TIME} ${OWN} a line\n`],
  ['a time and details', true, `${TIME} a=1 a line\n`, `${TIME} a=1,${OWN} a line\n`],
  ['an empty line', false, ' \n', `${OWN} \n`],
])('a line with %s', (_what, timestamps, payload, wanted) => {
  expect(marked(timestamps, payload)).toBe(wanted)
})

test('a line of our own has the marks that were asked for', () => {
  const line = (timestamps: boolean, details: boolean): string =>
    new LineMarks({ timestamps, details }, CONTEXT).line(TIME, 'warning').toString('utf8')
  expect(line(false, false)).toBe('warning\n')
  expect(line(true, true)).toBe(`${TIME} ${OWN} warning\n`)
})
