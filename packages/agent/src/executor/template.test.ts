import { expect, test } from 'vitest'
import { expandTemplate } from './template.js'
import { aTask, NODE } from './testing/tasks.js'

const task = aTask({ ServiceLabels: { tier: 'front', 'com.x/y': 'z' } })

test.each([
  ['{{.Service.ID}} {{.Service.Name}}', 'service1 web'],
  ['{{.Service.Labels}}', 'map[com.x/y:z tier:front]'],
  ['{{index .Service.Labels "com.x/y"}}{{index .Service.Labels "none"}}', 'z'],
  ['{{.Service.Labels.tier}}', 'front'],
  [
    '{{.Node.ID}} {{ .Node.Hostname }} {{.Node.Platform.OS}}/{{.Node.Platform.Architecture}}',
    'node1 alpha linux/x86_64',
  ],
  ['{{.Node.Platform}}', '{x86_64 linux}'],
  ['{{.Task.ID}} {{.Task.Name}} {{.Task.Slot}}', 'task1 web.1.task1 1'],
  ['no { placeholder }', 'no { placeholder }'],
])('%s', (text, expected) => {
  expect(expandTemplate(text, 'env', task, NODE)).toBe(expected)
})
