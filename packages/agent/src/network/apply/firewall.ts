import { hex, MARK } from '../nft/index.js'
import type { Firewall } from '../observe/index.js'
import type { Step } from './steps.js'

const OURS = `${hex(MARK)}/0xff000000`

/** Connections through the mesh, and packets that stay within a network. */
const ACCEPTS = [`-m connmark --mark ${OURS} -j ACCEPT`, `-m mark --mark ${OURS} -j ACCEPT`] as const

/**
 * Docker drops what is forwarded to a container and was not published by Docker; an accept in a table of our own
 * could not change that. Ours go to the end of DOCKER-USER, so that what an administrator forbids there stays
 * forbidden; and DOCKER-USER has to come before Docker's isolation of networks, as Docker itself wants it.
 */
export function firewallSteps(firewall: Firewall | undefined, wanted: boolean): Step[] {
  if (!firewall) return []
  if (!wanted) return accepts(firewall).map((rule) => step('-D', 'DOCKER-USER', rule))
  return [...userSteps(firewall), ...jumpSteps(firewall)]
}

function accepts({ user = [] }: Firewall): string[] {
  return user
    .map((line) => line.slice('-A DOCKER-USER '.length))
    .filter((rule) => (ACCEPTS as readonly string[]).includes(rule))
}

function userSteps(firewall: Firewall): Step[] {
  const rules = (firewall.user ?? []).map((line) => line.slice('-A DOCKER-USER '.length))
  const end = rules.indexOf('-j RETURN')
  const reached = end === -1 ? rules : rules.slice(0, end)
  const complete = ACCEPTS.every((rule) => reached.filter((other) => other === rule).length === 1)
  const none = rules.slice(reached.length).every((rule) => !(ACCEPTS as readonly string[]).includes(rule))
  if (firewall.user && complete && none) return []
  const ours = accepts(firewall)
  const place = reached.filter((rule) => !(ACCEPTS as readonly string[]).includes(rule)).length + 1
  return [
    ...(firewall.user ? [] : [step('-N', 'DOCKER-USER', '')]),
    ...ours.map((rule) => step('-D', 'DOCKER-USER', rule)),
    ...ACCEPTS.toReversed().map((rule) => step('-I', 'DOCKER-USER', `${place} ${rule}`)),
  ]
}

function jumpSteps({ forward }: Firewall): Step[] {
  const rules = forward.map((line) => line.slice('-A FORWARD '.length))
  const jump = rules.indexOf('-j DOCKER-USER')
  const dockers = rules.findIndex((rule) => /^-j DOCKER-(ISOLATION|FORWARD)/u.test(rule))
  if (jump !== -1 && (dockers === -1 || jump < dockers)) return []
  const first = step('-I', 'FORWARD', '1 -j DOCKER-USER')
  return jump === -1 ? [first] : [step('-D', 'FORWARD', '-j DOCKER-USER'), first]
}

function step(verb: string, chain: string, rule: string): Step {
  return { kind: 'iptables', args: [verb, chain, ...rule.split(' ').filter(Boolean)] }
}
