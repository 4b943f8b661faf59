/** Which keys of two maps have other values (by identity) in the second, or are in one of them alone. */
export function changedKeys<V>(before: ReadonlyMap<string, V>, now: ReadonlyMap<string, V>): string[] {
  if (before === now) return []
  const changed: string[] = []
  let kept = 0
  for (const [key, value] of now) {
    const known = before.get(key)
    if (known !== undefined) kept++
    if (known !== value) changed.push(key)
  }
  if (kept < before.size) for (const key of before.keys()) if (!now.has(key)) changed.push(key)
  return changed
}
