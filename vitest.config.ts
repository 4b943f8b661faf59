import { defineConfig } from 'vitest/config'

/** The packages are read from their TypeScript source, so that tests need no build of the packages. */
const fromSource = { conditions: ['shoal-source', 'node', 'default'] }

/** Suites that start real engines, stores or hosts take turns: they would starve each other on a small machine. */
const real = (name: string, include: string[], testTimeoutMs: number) => ({
  ssr: { resolve: fromSource },
  resolve: fromSource,
  test: {
    name,
    include,
    fileParallelism: false,
    // Real hosts on a small machine: what fails once is tried once more, and both are reported.
    retry: 1,
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
  },
})

export default defineConfig({
  test: {
    projects: [
      {
        ssr: { resolve: fromSource },
        resolve: fromSource,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'deploy/lab/src/**/*.test.ts', 'proto/src/**/*.test.ts'],
          // Loading the modules anew for each file would take three times as long as the tests themselves.
          isolate: false,
          pool: 'threads',
        },
      },
      {
        ssr: { resolve: fromSource },
        resolve: fromSource,
        // Real TLS between whole parts: what other files did to the process before must not matter.
        test: { name: 'unit-tls', include: ['test/unit/**/*.test.ts'] },
      },
      {
        ssr: { resolve: fromSource },
        resolve: fromSource,
        test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 900_000 },
      },
      real('contract', ['test/contract/**/*.test.ts'], 120_000),
      real('integration', ['test/integration/**/*.test.ts'], 180_000),
      real('e2e', ['test/e2e/**/*.test.ts'], 600_000),
    ],
  },
})
