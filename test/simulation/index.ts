/**
 * A deterministic simulator that runs the managers' and agents' real code on a virtual clock and one seeded source
 * of chance, breaks what can break, and looks after every step whether a safety rule was violated. Simulated are
 * only the edges: the store's network, the streams between agents and managers, the container engines, the users.
 */
export { ALL_BUGS, BUGS, HARMLESS, type Bug } from './bugs/index.js'
export { replayCommand } from './replay.js'
export { simulate, type Outcome, type SimulationOptions } from './simulate.js'
