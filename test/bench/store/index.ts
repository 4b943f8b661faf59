import type { Benchmark } from '../benchmark.js'
import { takeover } from './takeover.js'
import { embeddedWrites, etcdWrites } from './writes.js'

/** What the stores take, and how a large cluster changes hands. */
export const store: Benchmark = async (options) => {
  options.say('writing to the embedded store')
  const embedded = await embeddedWrites()
  options.say('writing to etcd')
  const etcd = await etcdWrites()
  return [...embedded, ...etcd, ...(await takeover(options))]
}
