#!/usr/bin/env node
/** The entry of ctl: it connects the command line to the world and sets the exit code. */
import { systemClock } from '@shoal/common/clock'
import { runCommandLine } from './command-line/index.js'
import { processIo } from './command-line/process-io.js'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `ctl … | head` closes the pipe early, which is no failure of ours.
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

process.exitCode = await runCommandLine(process.argv.slice(2), (globals) => processIo(globals, systemClock))
