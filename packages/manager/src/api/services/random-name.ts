import type { Random } from '@shoal/common'

const QUALITIES =
  'brisk calm clear deep eager fleet gentle golden keen lively lucid mellow nimble quick quiet silver steady swift tidal vivid'.split(
    ' ',
  )
const FISHES =
  'anchovy bream char cod dace eel gar goby haddock herring mackerel minnow mullet perch pike pollock roach sardine smelt sprat trout tuna wrasse'.split(
    ' ',
  )

/** A name for a service that came without one, as Docker makes one up; not among `taken`. */
export function randomName(random: Random, taken: (name: string) => boolean): string {
  const one = (words: readonly string[]): string => words[Math.floor(random.next() * words.length)] ?? ''
  for (let number = 0; ; number++) {
    const name = `${one(QUALITIES)}_${one(FISHES)}${number < 3 ? '' : number}`
    if (!taken(name)) return name
  }
}
