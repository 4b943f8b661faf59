import { inspectCommand } from '../lib/stored-file.js'

export const command = inspectCommand('secret')
