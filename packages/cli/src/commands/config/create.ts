import { createCommand } from '../lib/stored-file.js'

export const command = createCommand('config', [
  'ctl config create site.conf ./site.conf',
  'ctl config create --template-driver golang motd ./motd',
])
