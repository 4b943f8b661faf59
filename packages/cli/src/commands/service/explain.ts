import type { PlacementCase, PlacementExplanation } from '@shoal/engine-api'
import { ShoalError } from '@shoal/common/errors'
import type { ManagerClient } from '../../client/index.js'
import { listing } from '../../output/index.js'
import { argument, type Command, type FlagText, formatFlag, isOn, valueOf } from '../lib/command.js'
import { NODE_LISTING, type NodeChoice, nodeRows, SUM_LISTING, sumRows } from './explanation-rows.js'
import { caseLine, hintLine, offerLine, serviceLine } from './explanation-words.js'

const noTrunc: FlagText = { name: 'no-trunc', help: 'Show every node on its own, however many there are' }
/** More nodes than fit on a screen are summed up. */
const MOST_NODES = 20

export const command: Command = {
  usage: '[OPTIONS] SERVICE|TASK',
  description: `Tell node by node why tasks wait, or where they could go

Of a service, those of its tasks are explained that wait for a node. Nodes that
would take the task come first, then those that lack the least. Of more than
${MOST_NODES} nodes those that lack the same are summed up in one line, with the node that
is nearest to taking the task. All is as it is at this moment.

What becomes of a task that has a node is told by ctl service ps --no-trunc.`,
  examples: [
    'ctl service explain web',
    'ctl service explain web.3',
    'ctl service explain --node host-7 web     # what one node says',
    'ctl service explain --format json web     # a line for everything that a node lacks',
  ],
  flags: [formatFlag, { name: 'node', value: 'node', help: 'Only what this node says' }, noTrunc],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const explanation = await explanationOf(io.client(), argument(args, 0))
    const shown = nodesMeant(explanation, valueOf(given, 'node'))
    const format = valueOf(given, 'format')
    if (format !== undefined) {
      const rows = explanation.Cases.flatMap((each) => nodeRows(each, shown, 'complete'))
      for (const line of listing(NODE_LISTING, rows, { format })) io.print(line)
      return
    }
    io.print(serviceLine(explanation))
    for (const each of explanation.Cases) {
      const rows = each.Nodes.length > 0 ? ['', ...table(each, shown, isOn(given, 'no-trunc'))] : []
      const head = [caseLine(each, io.clock.now()), hintLine(explanation, each), offerLine(each)]
      const lines = [...head, ...rows]
      if (each !== explanation.Cases[0]) io.print('')
      for (const line of lines) if (line !== undefined) io.print(line.trimEnd())
    }
  },
}

function table(each: PlacementCase, shown: NodeChoice, isWhole: boolean): string[] {
  const { length: count } = each.Nodes.filter(shown)
  return count > MOST_NODES && !isWhole
    ? listing(SUM_LISTING, sumRows(each), {})
    : listing(NODE_LISTING, nodeRows(each, shown, 'by node'), {})
}

/** A service has precedence over a task, as with `service logs`. */
async function explanationOf(client: ManagerClient, ref: string): Promise<PlacementExplanation> {
  try {
    return await client.explanation('services', ref)
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'not-found') throw error
  }
  try {
    return await client.explanation('tasks', ref)
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'not-found') throw error
    throw new ShoalError('not-found', `no such task or service: ${ref}`)
  }
}

/** @param ref the node's host name, its ID or the beginning of it; undefined for all nodes */
function nodesMeant({ Cases }: PlacementExplanation, ref: string | undefined): NodeChoice {
  if (ref === undefined) return () => true
  const known = Cases.flatMap(({ Nodes }) => Nodes)
  const exact = known.filter(({ ID, Hostname }) => ID === ref || Hostname === ref)
  const matches = exact.length > 0 ? exact : known.filter(({ ID }) => ID.startsWith(ref))
  const ids = new Set(matches.map(({ ID }) => ID))
  if (ids.size === 0) throw new ShoalError('not-found', `no such node among those that are asked: ${ref}`)
  if (ids.size > 1) {
    throw new ShoalError('invalid-argument', `node ${ref} is ambiguous (${ids.size} matches found)`)
  }
  return ({ ID }) => ids.has(ID)
}
