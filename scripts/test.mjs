// `npm test`: every check and every test. Tests that cannot run on this machine are reported as skipped
// with the reason; with CI set nothing is skipped.
//   npm test -- --project unit        only one project of vitest.config.ts
import { spawnSync } from 'node:child_process'
import { hostEngine, ROOT } from './lib/run.mjs'

const env = {
  ...hostEngine(),
  TESTCONTAINERS_RYUK_DISABLED: 'true',
  TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
}
const bin = (name) => `${ROOT}node_modules/.bin/${name}`

const steps = [
  ['type check', bin('tsc'), ['-p', 'tsconfig.test.json']],
  ['import walls', process.execPath, ['scripts/oxlintrc.mjs', '--check']],
  ['lint', bin('oxlint'), ['--type-aware', '--quiet']],
  ['format', bin('oxfmt'), ['--check', '.']],
  ['tests', bin('vitest'), ['run', ...process.argv.slice(2)]],
]

for (const [name, program, args] of steps) {
  process.stderr.write(`\n── ${name}\n`)
  const { status } = spawnSync(program, args, { cwd: ROOT, env, stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`\n${name} failed\n`)
    process.exit(status ?? 1)
  }
}
