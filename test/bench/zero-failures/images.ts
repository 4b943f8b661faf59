import { execute, load } from '@shoal/lab'
import { fileURLToPath } from 'node:url'

/** The demo service in two versions: it ends gracefully and says who has answered whom. */
export const IMAGES = ['shoal-demo:1', 'shoal-demo:2'] as const

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const MAKE =
  "import { ensureDemoImage } from './scripts/lib/demo-image.mjs'; for (const version of [1, 2]) ensureDemoImage(version)"

/** Makes the demo's images on this machine, unless they are there, and loads them into a lab's hosts. */
export async function loadDemoImages(lab: string): Promise<void> {
  const { code, stderr } = await execute(process.execPath, ['--input-type=module', '-e', MAKE], { cwd: ROOT })
  if (code !== 0) throw new Error(`the demo's images could not be made: ${stderr}`)
  for (const image of IMAGES) await load(lab, image)
}
