import { sleep, type Clock } from '@shoal/common'

/** After so many milliseconds of work others get their turn. */
const SLICE_MS = 15
/** The clock is asked only every so many items. */
const ITEMS_PER_CLOCK = 16

/**
 * Does something with each of many items, and lets others have their turn in between: what the items are taken from may
 * change meanwhile, and must bear that, as a Map or a Set does.
 */
export async function inTurns<Item>(
  clock: Clock,
  items: Iterable<Item>,
  work: (item: Item) => void,
): Promise<void> {
  let sliceStartMs = clock.now()
  let done = 0
  for (const item of items) {
    work(item)
    if (++done % ITEMS_PER_CLOCK !== 0 || clock.now() - sliceStartMs < SLICE_MS) continue
    await sleep(clock, 0)
    sliceStartMs = clock.now()
  }
}

/** What becomes of many items, in their order; those of which nothing becomes are left out. See inTurns. */
export async function mapInTurns<Item, Result>(
  clock: Clock,
  items: Iterable<Item>,
  map: (item: Item) => Result | undefined,
): Promise<Result[]> {
  const results: Result[] = []
  await inTurns(clock, items, (item) => {
    const result = map(item)
    if (result !== undefined) results.push(result)
  })
  return results
}
