import type { StateView } from '../../state/view.js'
import { MULTIPLEXED } from './frames.js'
import type { Target } from './target.js'

/**
 * Whether a stream is a terminal's, without frames. Engines before 1.42 do not say it in their answer.
 * @param body of the request that starts an exec
 */
export function hasTerminal(
  state: StateView,
  { task }: Target,
  contentType: string | undefined,
  body: Buffer,
): boolean {
  if (contentType === MULTIPLEXED) return false
  if (task) return state.specOf(task)?.TaskTemplate?.ContainerSpec?.TTY ?? false
  try {
    return (JSON.parse(body.toString('utf8')) as { Tty?: unknown }).Tty === true
  } catch {
    return false
  }
}
