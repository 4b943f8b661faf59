import { createCommand } from '../lib/stored-file.js'

export const command = createCommand('secret', [
  'printf s3cret | ctl secret create db-password -',
  'ctl secret create tls-key ./key.pem',
])
