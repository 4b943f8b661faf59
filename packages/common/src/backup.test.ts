import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Backup, backupLines, readBackup } from './backup.js'

const backup: Backup = {
  header: { cluster: 'c1', createdAt: '2026-01-02T03:04:05Z', release: '0.1.0', revision: 7 },
  records: [
    { key: 'cluster', value: '{"ID":"c1","Name":"über\\nall"}' },
    { key: 'anything/new', value: 'not even JSON\nwith a second line' },
  ],
}
const textOf = (value: Backup): string => [...backupLines(value)].join('')
const whole = textOf(backup)

describe('the file of a backup', () => {
  test('given any records, then they come back as they were, text for text', () => {
    expect(readBackup(whole)).toEqual(backup)
    expect(readBackup(textOf({ ...backup, records: [] })).records).toEqual([])
  })

  test('given a file that ends anywhere too early, then it is refused', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => readBackup(whole.slice(0, length)), `cut at ${length}`).toThrow(
        /is no backup|not whole|damaged/,
      )
    }
  })

  test('given one changed character anywhere, then it is refused', () => {
    for (let at = 0; at < whole.length - 1; at++) {
      const changed = whole.slice(0, at) + (whole[at] === '0' ? '1' : '0') + whole.slice(at + 1)
      expect(() => readBackup(changed), `changed at ${at}`).toThrow(/is no backup|not whole|damaged|version/)
    }
  })

  test('given a later version of the format, then it says so', () => {
    const later = whole.replace('"version":1', '"version":2')
    expect(() => readBackup(later)).toThrow("has the format's version 2; this release reads 1")
  })

  test('given a right checksum over fewer records than the header tells, then it is refused', () => {
    const [header = '', , second = ''] = whole.split('\n')
    const body = `${header}\n${second}\n`
    const sum = JSON.stringify({ sha256: createHash('sha256').update(body).digest('hex') })
    expect(() => readBackup(`${body}${sum}\n`)).toThrow('another number of records')
  })
})
