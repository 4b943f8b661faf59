/**
 * Writes to a store as fast as it is acknowledged, and says so: one line per transaction that the store has
 * acknowledged. Made to be killed. Arguments: the store's configuration as JSON, the prefix of the keys.
 */
import { writeSync } from 'node:fs'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import { openStore } from '@shoal/manager/store/open'

const [config, prefix] = process.argv.slice(2)
const store = await openStore(JSON.parse(config), {
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
})
const { entries } = await store.snapshot(`${prefix}latest`)
const lease = await store.grantLease(60_000)
await store.commit({
  compares: [],
  operations: [{ type: 'put', key: `${prefix}alive`, value: String(process.pid), lease }],
})

for (let n = Number(entries[0]?.value ?? 0) + 1; ; n++) {
  const value = String(n)
  await store.commit({
    compares: [],
    operations: ['a/', 'b/']
      .map((half) => ({ type: 'put', key: `${prefix}${half}${n}`, value }))
      .concat({
        type: 'put',
        key: `${prefix}latest`,
        value,
      }),
  })
  // Written at once, not through a stream: what is in a buffer dies with the process.
  writeSync(1, `${n}\n`)
}
