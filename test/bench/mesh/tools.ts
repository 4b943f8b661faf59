import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execute, importFolder } from '@shoal/lab'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const LIBRARIES = `usr/lib/${readTriple()}`

/** Where a host of the lab has this checkout. */
const MOUNT = '/opt/shoal'
export const HAPROXY = `${MOUNT}/.tools/usr/sbin/haproxy`
export const WRK = `${MOUNT}/.tools/usr/bin/wrk`
export const NODE_PROXY = `${MOUNT}/test/dist/bench/mesh/node-proxy.js`
/** So that the tools find the libraries that came with them. */
export const TOOL_ENVIRONMENT = `LD_LIBRARY_PATH=${MOUNT}/.tools/${LIBRARIES}`

function readTriple(): string {
  return process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
}

/** Fetches wrk, HAProxy and nginx as Debian packages into .tools, unless they are there. @throws Error */
export async function ensureTools(): Promise<void> {
  const { code, stderr } = await execute(process.execPath, ['scripts/bootstrap.mjs', '--proxies'], {
    cwd: ROOT,
  })
  if (code !== 0 || !existsSync(`${ROOT}.tools/usr/bin/wrk`))
    throw new Error(`wrk, haproxy and nginx could not be fetched: ${stderr}`)
}

export const BACKEND_IMAGE = 'shoal-bench-backend:1'
export const BACKEND_PORT = 80
/** So large that the time of a transfer is not that of a request. */
const BULK_BYTES = 64 * 1024 * 1024

const CONFIGURATION = `
daemon off;
user root;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  sendfile on;
  tcp_nopush on;
  server {
    listen ${BACKEND_PORT} backlog=4096;
    location = / { default_type text/plain; return 200 "ok\\n"; }
    location = /bulk { root /data; }
  }
}
`

/** Makes the image of the backend, nginx with one process, from what is in .tools. */
export async function makeBackendImage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-backend-'))
  try {
    const program = `${ROOT}.tools/usr/sbin/nginx`
    const put = (from: string, to: string): void => {
      mkdirSync(dirname(join(folder, to)), { recursive: true })
      copyFileSync(from, join(folder, to))
    }
    put(program, 'nginx')
    for (const library of await librariesOf(program)) put(library, library)
    for (const name of ['etc', 'data', 'tmp', 'var/log/nginx', 'var/lib/nginx'])
      mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/:/none\n')
    writeFileSync(join(folder, 'etc/group'), 'root:x:0:\n')
    writeFileSync(join(folder, 'nginx.conf'), CONFIGURATION)
    writeFileSync(join(folder, 'data/bulk'), Buffer.alloc(BULK_BYTES))
    await importFolder(folder, BACKEND_IMAGE, ['CMD ["/nginx","-c","/nginx.conf"]', `EXPOSE ${BACKEND_PORT}`])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await execute('ldd', [program])
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]!)
}
