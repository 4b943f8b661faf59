import { listCommand } from '../lib/stored-file.js'

export const command = listCommand('secret')
