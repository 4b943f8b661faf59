/**
 * Amounts for people. What is asked is rounded up and what is free is rounded down, so that nothing that is refused
 * looks as if it would fit.
 */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** @param nanoCpus billionths of a CPU */
export function cpusAsked(nanoCpus: number): string {
  const cpus = Math.ceil(nanoCpus / 1e6) / 1e3
  return cpus === 1 ? '1 CPU' : `${cpus} CPUs`
}

/** Both in billionths of a CPU. More may be promised than there is: then nothing is free. */
export function cpusFree(free: number, total: number): string {
  return `${hundredths(free / 1e7)} of ${hundredths(total / 1e7)}`
}

export function bytesAsked(bytes: number): string {
  const { value, unit } = scaled(bytes)
  return `${Math.ceil(value * 100) / 100}${unit}`
}

/** Both in bytes. */
export function bytesFree(free: number, total: number): string {
  const [freeText, totalText] = [free, total].map((bytes) => {
    const { value, unit } = scaled(Math.max(0, bytes))
    return `${hundredths(value * 100)}${unit}`
  })
  return `${freeText} of ${totalText}`
}

function scaled(bytes: number): { readonly value: number; readonly unit: string } {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return { value, unit: UNITS[unit] ?? '' }
}

function hundredths(value: number): number {
  return Math.floor(Math.max(0, value)) / 100
}
