// Makes a checkout ready to run: installs what is missing and builds. Uses only what Node itself brings.
//
//   --docker   also: Docker Engine installed and running, and the programs that the agent sets the network up with
//   --etcd     also: etcd installed (for the tests of the etcd store)
//   --lab      also: what the lab's images are made from
//   --proxies  also: in .tools, what `npm run bench -- mesh` measures with and against
//   --registry also: a registry's program in .tools (for the tests of pulls), without installing its service
//   --clients  also: the Docker SDK for Python in .tools (for the tests of clients)
//
// Installed packages are recorded by the lock file's hash, so a second run takes well under a second.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerAnswers } from './lib/http.mjs'
import { fail, ROOT, run, say, which } from './lib/run.mjs'

const PNPM = 'pnpm@12.21.0'
const OLDEST_NODE = [20, 19]
const DOCKER_START_TIMEOUT_MS = 60_000

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    fail(`Node.js ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`)
  }
}

function installPackages() {
  const stampPath = `${ROOT}node_modules/.shoal-installed`
  const wanted = createHash('sha256')
    .update(readFileSync(`${ROOT}pnpm-lock.yaml`))
    .update(process.version)
    .digest('hex')
  const installed = (() => {
    try {
      return readFileSync(stampPath, 'utf8')
    } catch {
      return undefined
    }
  })()
  if (installed === wanted) return
  say('installing npm packages …')
  run('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], { env: { ...process.env, CI: 'true' } })
  writeFileSync(stampPath, wanted)
}

function build() {
  run(process.execPath, ['proto/generate.mjs'])
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-b'])
}

function requireRoot(what) {
  if (process.getuid?.() !== 0) fail(`${what} needs root: run it again with sudo.`)
}

/** Installs Debian packages, those of `packages` whose program is not there yet: a map of program → package. */
function aptInstall(packages) {
  const missing = Object.entries(packages).filter(([program]) => which(program) === undefined)
  if (missing.length === 0) return
  const names = [...new Set(missing.flatMap(([, names]) => names))]
  if (which('apt-get') === undefined) {
    fail(
      `${missing.map(([program]) => program).join(', ')} not found, and there is no apt-get to install it with. Please install: ${names.join(', ')}`,
    )
  }
  requireRoot(`installing ${names.join(', ')}`)
  say(`installing ${names.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-q'], { env })
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...names], { env })
}

/** Unpacks Debian packages into .tools: a program is there, but no service of it is set up on this machine. */
function unpackTool(program, names) {
  const folder = `${ROOT}.tools`
  if (existsSync(`${folder}/${program}`) || which('apt-get') === undefined) return
  requireRoot(`fetching ${names.join(', ')}`)
  say(`fetching ${names.join(', ')} …`)
  mkdirSync(folder, { recursive: true })
  run('apt-get', ['update', '-q'])
  // apt fetches as a user of its own, who may not write into a checkout.
  run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names], { cwd: folder })
  for (const file of readdirSync(folder).filter((file) => names.includes(file.split('_')[0]))) {
    run('dpkg', ['-x', `${folder}/${file}`, folder])
    rmSync(`${folder}/${file}`)
  }
}

/** With those of their libraries that Debian's base does not bring. */
const PROXIES = {
  'usr/sbin/haproxy': ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
  'usr/bin/wrk': ['wrk', 'libluajit-5.1-2'],
  'usr/sbin/nginx': ['nginx'],
}

/** With all that it needs beside Python itself. */
const PYTHON_CLIENT = [
  'python3-docker',
  'python3-requests',
  'python3-urllib3',
  'python3-idna',
  'python3-certifi',
  'python3-chardet',
  'python3-charset-normalizer',
  'python3-six',
  'python3-websocket',
  'python3-packaging',
  'python3-distutils',
]

/**
 * An engine that was killed leaves its process ids behind; if another process has got one of them since, the engine
 * takes itself for running already, or waits for a containerd that is none.
 */
function forgetStalePids() {
  const files = {
    '/var/run/docker.pid': 'dockerd',
    '/var/run/docker/containerd/containerd.pid': 'containerd',
  }
  for (const [path, program] of Object.entries(files)) {
    const pid = existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
    if (pid === undefined) continue
    const comm = `/proc/${pid}/comm`
    if (!existsSync(comm) || readFileSync(comm, 'utf8').trim() !== program) rmSync(path)
  }
}

async function startDocker() {
  if (await dockerAnswers()) return
  requireRoot('starting the Docker Engine')
  say('starting the Docker Engine …')
  if (run('test', ['-d', '/run/systemd/system'], { mayFail: true }).status === 0) {
    run('systemctl', ['start', 'docker'])
  } else {
    mkdirSync('/var/log', { recursive: true })
    const log = openSync('/var/log/dockerd.log', 'a')
    forgetStalePids()
    // So that containers outlive a restart of the engine, as the cluster's tasks should.
    spawn(which('dockerd') ?? 'dockerd', ['--live-restore'], {
      detached: true,
      stdio: ['ignore', log, log],
    }).unref()
  }
  const giveUpAt = Date.now() + DOCKER_START_TIMEOUT_MS
  while (!(await dockerAnswers())) {
    if (Date.now() > giveUpAt) fail('the Docker Engine did not answer within 60 s; see /var/log/dockerd.log')
    await sleep(200)
  }
}

const wanted = new Set(process.argv.slice(2))
checkNode()
if (wanted.has('--docker')) {
  // iptables is only recommended by Debian's docker.io, but dockerd does not start without it.
  if (!(await dockerAnswers()))
    aptInstall({ docker: ['docker.io'], dockerd: ['docker.io'], iptables: ['iptables'] })
  // An engine that is there already may have come without its CLI.
  else aptInstall({ docker: ['docker.io'] })
  // What the agent keeps the host's network with.
  aptInstall({
    nft: ['nftables'],
    ip: ['iproute2'],
    bridge: ['iproute2'],
    ss: ['iproute2'],
    conntrack: ['conntrack'],
    iptables: ['iptables'],
  })
}
if (wanted.has('--etcd')) aptInstall({ etcd: ['etcd-server'] })
if (wanted.has('--registry')) unpackTool('usr/bin/docker-registry', ['docker-registry'])
if (wanted.has('--clients')) {
  aptInstall({ python3: ['python3'] })
  unpackTool('usr/lib/python3/dist-packages/docker/__init__.py', PYTHON_CLIENT)
}
if (wanted.has('--proxies'))
  for (const [program, names] of Object.entries(PROXIES)) unpackTool(program, names)
if (wanted.has('--lab')) aptInstall({ debootstrap: ['debootstrap'], busybox: ['busybox-static'] })
installPackages()
build()
if (wanted.has('--docker')) await startDocker()
