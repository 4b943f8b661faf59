/** The safety rules that hold at every step of a simulation, whatever goes wrong in it. */
import type { World } from '../world.js'
import { addressesRule } from './addresses.js'
import { capacityRule } from './capacity.js'
import { containersRule } from './containers.js'
import { fencingRule } from './fencing.js'
import { forwardRule } from './forward.js'
import { namesRule } from './names.js'
import { parallelismRule } from './parallelism.js'
import { portsRule } from './ports.js'
import { referencesRule } from './references.js'
import { reservationsRule } from './reservations.js'
import { restartDelayRule } from './restart-delay.js'
import { rolloutsRule } from './rollouts.js'
import { slotsRule } from './slots.js'
import type { Rule } from './rule.js'

export type { Rule } from './rule.js'

export function newRules(world: World): Rule[] {
  return [
    fencingRule,
    forwardRule,
    referencesRule,
    namesRule,
    addressesRule,
    portsRule,
    slotsRule,
    capacityRule,
    reservationsRule,
    parallelismRule,
    rolloutsRule,
    restartDelayRule,
    containersRule,
  ].map((rule) => rule(world))
}
