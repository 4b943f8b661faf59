// One thread of a load: drives its share until it is over or told to stop, and hands its report over.
import { setMaxListeners } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { drive } from './driver.js'
import type { LoadPlan } from './plan.js'

const stopped = new AbortController()
// Every kept connection listens.
setMaxListeners(0, stopped.signal)
parentPort!.once('message', () => stopped.abort())
parentPort!.postMessage(await drive(workerData as LoadPlan, stopped.signal))
parentPort!.close()
