// One of several threads that live through seeds: each gets the next one when it is done with the last.
import { parentPort } from 'node:worker_threads'
import { simulate, type SimulationOptions } from './simulate.js'

parentPort?.on('message', (options: SimulationOptions) => {
  void simulate(options).then((outcome) => parentPort?.postMessage(outcome))
})
