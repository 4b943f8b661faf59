// `npm stop`: ends the cluster of this machine and removes what `npm start` made. The Docker Engine stays.
import { existsSync } from 'node:fs'
import { hostEngine, ROOT, run, say } from './lib/run.mjs'

const DEMO_IMAGES = ['shoal-demo:1', 'shoal-demo:2']

if (existsSync(`${ROOT}packages/cli/dist/main.js`)) {
  const left = run(`${ROOT}bin/ctl`, ['swarm', 'leave', '--force'], { mayFail: true })
  const wasNone = /not part of a swarm/.test(left.stderr)
  if (left.status !== 0 && !wasNone) {
    process.stderr.write(left.stderr)
    process.exit(1)
  }
  say(wasNone ? 'nothing is running' : 'the cluster has ended')
}
run('docker', ['image', 'rm', ...DEMO_IMAGES], { mayFail: true, env: hostEngine() })
