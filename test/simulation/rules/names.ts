import type { World } from '../world.js'
import type { Rule } from './rule.js'

/** No two services have one name. */
export function namesRule(world: World): Rule {
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind !== 'service' || !change.after || change.before) continue
        const { Name } = change.after.Spec
        const count = world.truth.services().filter(({ Spec }) => Spec.Name === Name).length
        if (count > 1) world.violate('names are unique', `${count} services are called ${Name}`)
      }
    },
  }
}
