/** The agent: one per Docker host; runs the tasks that the managers assign to it. Started by `main.ts`. */
export {}
