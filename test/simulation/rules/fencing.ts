import type { World } from '../world.js'
import type { Rule } from './rule.js'

/** Only who holds the leader key at that moment writes records. */
export function fencingRule(world: World): Rule {
  return {
    onWrite(changes, { writer, leader }) {
      if (writer !== leader && writer !== 'founder') {
        const what = changes.map(({ kind }) => kind).join()
        world.violate(
          'no write by a deposed primary',
          `${writer} wrote ${what} while ${leader ?? 'nobody'} led`,
        )
      }
    },
  }
}
