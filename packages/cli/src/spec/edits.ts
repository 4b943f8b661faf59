/** Edits of lists and maps that several flags share. */

/** `list` with `added` at its end, every entry once. */
export function withAdded(list: readonly string[] | undefined, added: readonly string[]): string[] {
  return [...new Set([...(list ?? []), ...added])]
}

/** `list` without the entries that `removed` names. */
export function without(list: readonly string[] | undefined, removed: readonly string[]): string[] {
  const gone = new Set(removed)
  return (list ?? []).filter((entry) => !gone.has(entry))
}

/** `map` without the keys in `removed`. */
export function withoutKeys(
  map: Record<string, string> | undefined,
  removed: readonly string[],
): Record<string, string> {
  const gone = new Set(removed)
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !gone.has(key)))
}

/** `list` in which each of `added` stands in the place of the entry with the same key, or at the end. */
export function withReplaced<Entry>(
  list: readonly Entry[] | undefined,
  added: readonly Entry[],
  keyOf: (entry: Entry) => string,
): Entry[] {
  const byKey = new Map((list ?? []).map((entry) => [keyOf(entry), entry]))
  for (const entry of added) byKey.set(keyOf(entry), entry)
  return [...byKey.values()]
}

/** The name of a variable `NAME=value`. */
export const variableName = (variable: string): string => variable.split('=', 1)[0] ?? ''
