export type Filters = Readonly<Record<string, readonly string[]>>

/** Filters as the API takes them: `{"name":{"value":true}}` in one query parameter. */
export function filterParameter(filters: Filters | undefined): string | undefined {
  const entries = Object.entries(filters ?? {}).filter(([, values]) => values.length > 0)
  if (entries.length === 0) return undefined
  const sets = entries.map(([name, values]) => [
    name,
    Object.fromEntries(values.map((value) => [value, true])),
  ])
  return JSON.stringify(Object.fromEntries(sets))
}
