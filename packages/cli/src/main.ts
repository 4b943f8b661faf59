#!/usr/bin/env node
/** The entry of ctl: it connects the command line to the world and sets the exit code. */
import { systemClock } from '@shoal/common/clock'
import { runCommandLine } from './command-line/index.js'
import { processIo } from './command-line/process-io.js'
import { COMPLETE } from './completion/index.js'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `ctl … | head` closes the pipe early, which is no failure of ours.
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const words = process.argv.slice(2)
process.exitCode = await runCommandLine(words, (globals) => processIo(globals, systemClock))
// A manager that has not answered yet shall not hold up the shell.
if (words[0] === COMPLETE) process.exit()
