/** The manager: keeps the desired state, decides, and tells the agents. Started by `main.ts`. */
export {}
