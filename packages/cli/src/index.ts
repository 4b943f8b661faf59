/** ctl, the command line of Shoal. `main.ts` is its entry; nothing else imports this package. */
export { runCommandLine } from './command-line/index.js'
