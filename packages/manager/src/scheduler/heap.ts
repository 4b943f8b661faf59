/** A binary heap in an array: no item is greater than those at 2i+1 and 2i+2. */
export type Comparison<Item> = (a: Item, b: Item) => number

/** Makes a heap of an array in any order, in linear time. */
export function heapify<Item>(heap: Item[], compare: Comparison<Item>): void {
  for (let index = (heap.length >> 1) - 1; index >= 0; index--) siftDown(heap, index, compare)
}

/** Mends the heap after the item at `start` has become greater. */
export function siftDown<Item>(heap: Item[], start: number, compare: Comparison<Item>): void {
  const moving = heap[start]
  if (moving === undefined) return
  let hole = start
  for (;;) {
    const child = smallerChild(heap, hole, compare)
    const below = heap[child]
    if (below === undefined || compare(below, moving) >= 0) break
    heap[hole] = below
    hole = child
  }
  heap[hole] = moving
}

/** Adds an item. */
export function push<Item>(heap: Item[], item: Item, compare: Comparison<Item>): void {
  let hole = heap.push(item) - 1
  while (hole > 0) {
    const parent = (hole - 1) >> 1
    const above = heap[parent]
    if (above === undefined || compare(above, item) <= 0) break
    heap[hole] = above
    hole = parent
  }
  heap[hole] = item
}

function smallerChild<Item>(heap: readonly Item[], parent: number, compare: Comparison<Item>): number {
  const left = 2 * parent + 1
  const [first, second] = [heap[left], heap[left + 1]]
  return first !== undefined && second !== undefined && compare(second, first) < 0 ? left + 1 : left
}
