/** The older of two versions of the Engine API (`1.41`); the second when the first is none. */
export function olderVersion(wanted: string, spoken: string): string {
  if (!/^\d+\.\d+$/.test(wanted)) return spoken
  const [a = [], b = []] = [wanted, spoken].map((version) => version.split('.').map(Number))
  const difference = (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0)
  return difference < 0 ? wanted : spoken
}
