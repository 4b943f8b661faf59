import { messageOf, ShoalError } from '@shoal/common/errors'
import { compileTemplate, goJson } from '../../output/index.js'
import type { Io } from './command.js'

/**
 * Prints documents as `inspect` does: a JSON list by default, one line each with a format. What was found
 * is printed although others were not.
 * @throws the failures, after the printing
 */
export async function inspect(
  refs: readonly string[],
  format: string | undefined,
  get: (ref: string) => Promise<unknown>,
  io: Io,
): Promise<void> {
  const render = renderer(format)
  const found: unknown[] = []
  const failures: string[] = []
  for (const ref of refs) {
    try {
      found.push(await get(ref))
    } catch (error) {
      if (error instanceof ShoalError && error.code === 'unavailable') throw error
      failures.push(messageOf(error))
    }
  }
  if (render === undefined) io.print(JSON.stringify(found, undefined, 4))
  else for (const document of found) io.print(render(document))
  if (failures.length > 0) throw new ShoalError('not-found', failures.join('\n'))
}

function renderer(format: string | undefined): ((document: unknown) => string) | undefined {
  if (format === undefined || format === '') return undefined
  return format === 'json' ? goJson : compileTemplate(format)
}
