import { ShoalError } from '@shoal/common'
import type { GenericResource } from '@shoal/engine-api'

/**
 * Reads what the configuration says of user-defined resources, in Docker's form.
 * @param expressions such as `ssd=4` (an amount) and `gpu=UUID1` (one of a set; repeated for each)
 * @throws ShoalError invalid-argument for what is neither, or for a kind that is both
 */
export function parseGenericResources(expressions: readonly string[]): GenericResource[] {
  const resources: GenericResource[] = []
  const kinds = new Map<string, 'named' | 'discrete'>()
  for (const expression of expressions.flatMap((text) => text.split(','))) {
    const [, kind, value] = /^\s*([^=\s]+)=([^=\s]+)\s*$/u.exec(expression) ?? []
    if (kind === undefined || value === undefined)
      throw refused(`incorrect term ${expression}, missing '=' or malformed expression`)
    const form = /^[+-]?\d+$/u.test(value) ? 'discrete' : 'named'
    if (form === 'discrete' && Number(value) < 0) throw refused(`cannot ask for negative resource ${kind}`)
    const known = kinds.get(kind)
    if (known !== undefined && known !== form)
      throw refused(`mixed discrete and named resources in expression '${expression}'`)
    if (known === 'discrete') throw refused(`duplicate resource ${kind}`)
    kinds.set(kind, form)
    resources.push(
      form === 'discrete'
        ? { DiscreteResourceSpec: { Kind: kind, Value: Number(value) } }
        : { NamedResourceSpec: { Kind: kind, Value: value } },
    )
  }
  return resources
}

function refused(why: string): ShoalError {
  return new ShoalError('invalid-argument', `invalid generic resources: ${why}`)
}
