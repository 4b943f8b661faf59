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
  { name: 'type check', program: bin('tsc'), args: ['-p', 'tsconfig.test.json'] },
  { name: 'import walls', program: process.execPath, args: ['scripts/oxlintrc.mjs', '--check'] },
  { name: 'lint', program: bin('oxlint'), args: ['--type-aware', '--quiet'] },
  { name: 'format', program: bin('oxfmt'), args: ['--check', '.'] },
  { name: 'tests', program: bin('vitest'), args: ['run', ...process.argv.slice(2)] },
]

for (const { name, program, args } of steps) {
  process.stderr.write(`\n── ${name}\n`)
  const { status } = spawnSync(program, args, { cwd: ROOT, env, stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`\n${name} failed\n`)
    process.exit(status ?? 1)
  }
}
