import type { State } from '@shoal/manager/state/state'

/** The state with some of its methods replaced. */
export function patched(state: State, patch: Partial<State>): State {
  return new Proxy(state, {
    get(target, name) {
      const own = patch[name as keyof State]
      if (own) return own
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
