/**
 * The command line itself: finds the command that is meant (`find.ts`), loads that one only, reads its
 * flags with commander (`program.ts`), words help and mistakes as docker does, and runs it.
 */
export * from './find.js'
export * from './run.js'
export * from './switches.js'
