import { MemoryExecutor } from './memory-executor.js'
import { describeExecutor } from './testing/executor-contract.js'
import { IMAGE, NODE } from './testing/tasks.js'

describeExecutor('the engine in memory', async () => {
  const executor = new MemoryExecutor(NODE)
  executor.images.add(IMAGE)
  return { executor, node: NODE, image: IMAGE, cleanUp: () => Promise.resolve() }
})
