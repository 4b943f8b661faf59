// Writes .oxlintrc.json: the import walls of docs/architecture.md as lint rules.
// `node scripts/oxlintrc.mjs` after a change here; `npm run check` fails when the file is stale.
import { readFileSync, writeFileSync } from 'node:fs'

const SHOAL = ['common', 'engine-api', 'proto', 'manager', 'agent', 'cli', 'lab'].map(
  (name) => `@shoal/${name}`,
)
const except = (...allowed) => SHOAL.filter((name) => !allowed.includes(name.slice('@shoal/'.length)))
const withSubpaths = (names) => names.flatMap((name) => [name, `${name}/*`])

const ETCD = 'etcd3'
const FORGE = 'node-forge'
const DOCKER = 'dockerode'

/** What the files may not import. A later entry replaces an earlier one for the files that it names. */
const walls = [
  { files: ['packages/common/src/**'], ban: [...SHOAL, ETCD, DOCKER, FORGE] },
  { files: ['packages/common/src/tls/**'], ban: [...SHOAL, ETCD, DOCKER] },
  { files: ['packages/engine-api/src/**'], ban: [...SHOAL, ETCD, DOCKER, FORGE] },
  {
    files: ['packages/manager/src/**'],
    ban: [...except('common', 'engine-api', 'proto'), ETCD, DOCKER, FORGE],
  },
  { files: ['packages/manager/src/store/**'], ban: [...except('common'), DOCKER, FORGE] },
  { files: ['packages/manager/src/ca/**'], ban: [...except('common', 'engine-api', 'proto'), ETCD, DOCKER] },
  {
    files: ['packages/agent/src/**'],
    ban: [...except('common', 'engine-api', 'proto'), ETCD, DOCKER, FORGE],
  },
  { files: ['packages/agent/src/executor/**'], ban: [...except('common', 'engine-api'), ETCD, FORGE] },
  { files: ['packages/cli/src/**'], ban: [...except('common', 'engine-api'), ETCD, FORGE] },
]

const PURE = [
  'node:*',
  'fs',
  'pino',
  'fastify',
  '@grpc/*',
  ...withSubpaths([ETCD, DOCKER, FORGE]),
  '**/commit.js',
  '**/loop.js',
]

const config = {
  $schema: './node_modules/oxlint/configuration_schema.json',
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'warn' },
  ignorePatterns: ['**/dist/**', '**/generated/**'],
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'max-lines': ['warn', { max: 300, skipBlankLines: true, skipComments: true }],
    'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    'no-await-in-loop': 'off',
    'unicorn/consistent-function-scoping': 'off',
    // Typebox is imported as its own documentation does.
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/no-array-sort': 'off',
    'no-underscore-dangle': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'no-restricted-globals': [
      'error',
      { name: 'setTimeout', message: 'Take a Clock: see packages/common/src/clock.ts.' },
      { name: 'setInterval', message: 'Take a Clock: see packages/common/src/clock.ts.' },
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: 'Take a Clock: see packages/common/src/clock.ts.' },
      { object: 'Math', property: 'random', message: 'Take a Random: see packages/common/src/random.ts.' },
    ],
  },
  overrides: [
    ...walls.map(({ files, ban }) => ({
      files,
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              { group: withSubpaths(ban), message: 'Not through this wall: see docs/architecture.md.' },
            ],
          },
        ],
      },
    })),
    {
      files: ['packages/*/src/**/decide.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          { patterns: [{ group: PURE, message: 'A decision is pure: types and pure helpers only.' }] },
        ],
      },
    },
    {
      files: ['**/*.test.ts', 'test/**', 'scripts/**', 'deploy/**', 'proto/generate.mjs', '**/testing/**'],
      rules: {
        'max-lines-per-function': 'off',
        'no-restricted-globals': 'off',
        'no-restricted-properties': 'off',
      },
    },
    {
      files: ['packages/common/src/clock.ts', 'packages/common/src/random.ts'],
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
  ],
}

const path = new URL('../.oxlintrc.json', import.meta.url)
const text = `${JSON.stringify(config, null, 2)}\n`
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('.oxlintrc.json is stale: run node scripts/oxlintrc.mjs')
    process.exit(1)
  }
} else {
  writeFileSync(path, text)
}
