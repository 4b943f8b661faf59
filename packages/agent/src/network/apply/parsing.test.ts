import { expect, test } from 'vitest'
import { forgetUdp, parseFlows } from './flows.js'
import { parseListeners } from './listeners.js'
import type { Run } from './run.js'

test('open connections tell how long they have been idle; those that end are none', () => {
  const listing = [
    'tcp      6 431990 ESTABLISHED src=192.168.7.9 dst=10.0.0.7 sport=50000 dport=80 src=10.0.0.7 dst=192.168.7.9 sport=80 dport=50000 [ASSURED] mark=1291845635 use=1',
    'tcp      6 432000 ESTABLISHED src=192.168.7.9 dst=10.0.0.7 sport=50001 dport=80 src=10.0.0.7 dst=192.168.7.9 sport=80 dport=50001 [ASSURED] mark=0 use=1',
    'tcp      6 110 TIME_WAIT src=192.168.7.9 dst=10.0.0.7 sport=50002 dport=80 src=10.0.0.7 dst=192.168.7.9 sport=80 dport=50002 [ASSURED] mark=0 use=1',
    '',
  ].join('\n')
  expect(parseFlows(listing)).toEqual([{ idleMs: 10_000 }, { idleMs: 0 }])
})

test('a connection whose first packet is still to be answered is in use: it will be sent again', () => {
  const listing = [
    'tcp      6 117 SYN_SENT src=192.168.7.9 dst=10.0.0.7 sport=50000 dport=80 [UNREPLIED] src=10.0.0.7 dst=192.168.7.9 sport=80 dport=50000 mark=0 use=1',
    'tcp      6 57 SYN_RECV src=192.168.7.9 dst=10.0.0.7 sport=50001 dport=80 src=10.0.0.7 dst=192.168.7.9 sport=80 dport=50001 mark=0 use=1',
  ].join('\n')
  expect(parseFlows(listing)).toEqual([{ idleMs: 0 }, { idleMs: 0 }])
})

test('a program of the host has a port if it listens on it for others, too', () => {
  const listing = `
tcp   LISTEN 0      4096         0.0.0.0:22        0.0.0.0:*
tcp   LISTEN 0      4096       127.0.0.1:5432      0.0.0.0:*
tcp   LISTEN 0      4096            [::]:8080         [::]:*
tcp   LISTEN 0      4096           [::1]:6010         [::]:*
tcp   LISTEN 0      4096               *:9100            *:*
udp   UNCONN 0      0    10.0.0.2%eth0:68         0.0.0.0:*
udp   UNCONN 0      0            0.0.0.0:41234      0.0.0.0:*
`
  expect([...parseListeners(listing)]).toEqual(['tcp/22', 'tcp/8080', 'tcp/9100', 'udp/68'])
})

test('of many addresses, only those are forgotten one by one that have flows', async () => {
  const calls: string[] = []
  const listing = `udp      17 27 src=10.0.1.9 dst=10.0.1.50 sport=40000 dport=53 src=10.0.1.21 dst=10.0.1.9 sport=53 dport=40000 mark=0 use=1
udp      17 27 src=10.0.1.23 dst=10.0.1.50 sport=40000 dport=53 [UNREPLIED] src=10.0.1.24 dst=10.0.1.23 sport=53 dport=40000 mark=0 use=1
`
  const run: Run = (_program, args) => {
    calls.push(args.join(' '))
    return Promise.resolve({ code: 0, stdout: args[0] === '-L' ? listing : '', stderr: '' })
  }
  await forgetUdp(run, ['10.0.1.21', '10.0.1.22', '10.0.1.23', '10.0.1.24'])
  expect(calls).toEqual(['-L -p udp', '-D -p udp --reply-src 10.0.1.21', '-D -p udp --reply-src 10.0.1.24'])
  calls.length = 0
  await forgetUdp(run, ['10.0.1.22'])
  expect(calls).toEqual(['-D -p udp --reply-src 10.0.1.22'])
})
