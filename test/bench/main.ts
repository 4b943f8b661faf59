// `npm run bench -- <name> [--json]`: each benchmark prints a table, and with --json as its last line
// {"bench": "…", "results": [{"name", "value", "unit"}, …]}.
import { parseArgs } from 'node:util'
import type { Benchmark, Result } from './benchmark.js'
import { converge } from './converge.js'

const BENCHMARKS: Record<string, Benchmark> = { converge }

function table(results: readonly Result[]): string {
  const width = Math.max(...results.map((result) => result.name.length))
  return results
    .map(
      ({ name, value, unit, note }) =>
        `${name.padEnd(width)}  ${String(value).padStart(10)} ${unit}${note ? `   ${note}` : ''}`,
    )
    .join('\n')
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
})
const name = positionals[0] ?? ''
const benchmark = BENCHMARKS[name]
if (benchmark === undefined) {
  console.error(`unknown benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(1)
}
const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)
const results = await benchmark({ say, rounds: Number(values.rounds) })
console.log(table(results))
if (values.json) {
  console.log(
    JSON.stringify({ bench: name, results: results.map(({ name, value, unit }) => ({ name, value, unit })) }),
  )
}
process.exit(0)
