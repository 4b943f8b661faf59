// `npm start`: a one-node cluster on the embedded store with a demo service, left running in the background.
// Run again, it only makes sure of what is there.
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureDemoImage } from './lib/demo-image.mjs'
import { getOverSocket } from './lib/http.mjs'
import { fail, ROOT, run, say } from './lib/run.mjs'

const SERVICE = 'web'
const REPLICAS = 3
const PORT = 8080
const ANSWER_TIMEOUT_MS = 60_000

// A shell that has evaluated `ctl env` may point at another cluster; this is about the one on this machine.
const ctl = (args, options) => run(`${ROOT}bin/ctl`, ['--host', `unix://${socketPath()}`, ...args], options)
const lines = (text) => text.trim().split('\n').filter(Boolean)

function startCluster() {
  // After a reboot the state is there, but nothing runs: `start` takes up what `init` made.
  const started = ctl(['swarm', 'start'], { mayFail: true })
  if (/not part of a swarm/.test(started.stderr)) {
    say('starting the manager and the agent …')
    ctl(['swarm', 'init'])
  } else if (started.status !== 0) fail(started.stderr.trim())
  else
    say(
      /started/.test(started.stdout)
        ? 'the cluster has been started again'
        : 'the cluster is running already',
    )
}

async function deployDemo(image) {
  if (ctl(['service', 'inspect', SERVICE], { mayFail: true }).status === 0) return
  say(`deploying the demo service "${SERVICE}" with ${REPLICAS} replicas …`)
  ctl([
    'service',
    'create',
    '--name',
    SERVICE,
    '--replicas',
    String(REPLICAS),
    '--publish',
    `target=${PORT}${(await isFree(PORT)) ? `,published=${PORT}` : ''}`,
    '--env',
    'SERVICE={{.Service.Name}}',
    '--env',
    'TASK={{.Task.Name}}',
    '--update-order',
    'start-first',
    '--update-delay',
    '1s',
    // It is on this host only: there is no registry to ask.
    '--no-resolve-image',
    image,
  ])
}

/** Where the demo is published on every node; undefined until its replicas run. */
async function publishedUrl() {
  const running = lines(
    ctl(['service', 'ps', '--format', '{{.CurrentState}}', '--filter', 'desired-state=running', SERVICE])
      .stdout,
  ).filter((state) => state.startsWith('Running'))
  if (running.length === 0) return undefined
  const answer = await getOverSocket(socketPath(), `/services/${SERVICE}`)
  const port = answer?.status === 200 && JSON.parse(answer.text).Endpoint.Ports?.[0]?.PublishedPort
  return port ? `http://127.0.0.1:${port}/` : undefined
}

/** Whether nobody on this machine listens there: the mesh leaves such a port to whoever does. */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, () => server.close(() => resolve(true)))
  })
}

function socketPath() {
  return process.env.SHOAL_SOCKET ?? '/run/shoal/manager.sock'
}

async function answers(url) {
  try {
    return (await fetch(`${url}healthz`)).ok
  } catch {
    return false
  }
}

async function waitForDemo() {
  const giveUpAt = Date.now() + ANSWER_TIMEOUT_MS
  for (;;) {
    const url = await publishedUrl()
    if (url && (await answers(url))) return url
    if (Date.now() > giveUpAt) fail(`the demo does not answer; ./bin/ctl service ps ${SERVICE} tells why`)
    await sleep(250)
  }
}

const image = ensureDemoImage(1)
ensureDemoImage(2)
startCluster()
await deployDemo(image)
const url = await waitForDemo()

console.log(`
${ctl(['node', 'ls']).stdout.trimEnd()}

${ctl(['service', 'ls']).stdout.trimEnd()}

"${SERVICE}" is published by the routing mesh; its replicas answer in turn:
  curl ${url}json

Try next:
  ./bin/ctl service ps ${SERVICE}
  ./bin/ctl service scale ${SERVICE}=5
  ./bin/ctl service update --image shoal-demo:2 --update-parallelism 2 --update-delay 2s ${SERVICE}
  ./bin/ctl service rollback ${SERVICE}
  eval "$(./bin/ctl env)" && docker service ls      # the plain docker CLI, on the same cluster
  ./bin/ctl --help

npm stop ends the cluster and removes what npm start made.`)
