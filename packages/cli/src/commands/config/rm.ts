import { removeCommand } from '../lib/stored-file.js'

export const command = removeCommand('config')
