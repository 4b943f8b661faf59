// Writes the TypeScript types of shoal.proto to src/generated, when they are older than it.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const output = `${here}src/generated/shoal.ts`
const isFresh = existsSync(output) && statSync(output).mtimeMs > statSync(`${here}shoal.proto`).mtimeMs

if (!isFresh) {
  execFileSync(
    `${here}node_modules/.bin/proto-loader-gen-types`,
    [
      '--longs=Number',
      '--enums=String',
      '--defaults',
      '--oneofs',
      '--grpcLib=@grpc/grpc-js',
      '--importFileExtension=.js',
      '--outDir=src/generated',
      'shoal.proto',
    ],
    { cwd: here, stdio: 'inherit' },
  )
}
