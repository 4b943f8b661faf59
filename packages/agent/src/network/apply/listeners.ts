import type { Run } from './run.js'

/** Above this, sockets of UDP clients listen for their answers; see ip_local_port_range. */
const EPHEMERAL = 32_768

/** The ports (`tcp/22`) that programs of this host itself listen on, beyond the loopback. */
export async function listeners(run: Run): Promise<Set<string>> {
  const { stdout } = await run('ss', ['-Hlntu'])
  return parseListeners(stdout)
}

/** @param text what `ss -Hlntu` printed */
export function parseListeners(text: string): Set<string> {
  const ports = new Set<string>()
  for (const line of text.split('\n')) {
    const [protocol = '', , , , local = ''] = line.trim().split(/\s+/u)
    const split = local.lastIndexOf(':')
    const [address, port] = [local.slice(0, split), Number(local.slice(split + 1))]
    if (split === -1 || /^(127\.|\[::1\])/u.test(address)) continue
    if (protocol === 'tcp' || port < EPHEMERAL) ports.add(`${protocol}/${port}`)
  }
  return ports
}
