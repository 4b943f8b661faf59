type Filters = Record<string, string[]>

/** What the user asks for, of the stack only: labels add up. */
export function withStack(filters: Filters, stack: Filters): Filters {
  return { ...filters, label: [...(filters['label'] ?? []), ...(stack['label'] ?? [])] }
}
