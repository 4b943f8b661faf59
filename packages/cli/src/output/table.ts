/** Spaces between two columns, and the least width of one, as in docker's tables. */
const GAP = 3
const LEAST_WIDTH = 10

/**
 * Rows of cells as lines in which the columns stand under each other.
 * @param rows the header first, if there is one
 */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? LEAST_WIDTH, Array.from(cell).length + GAP)
    }
  }
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0))).join(''),
  )
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - Array.from(cell).length))
}
