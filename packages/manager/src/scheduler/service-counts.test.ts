import { assert, integer, property, array, record, boolean } from 'fast-check'
import { expect, test } from 'vitest'
import { ServiceCounts } from './service-counts.js'

test('counts are found, listed and forgotten as in a table, however many services come and go', () => {
  const steps = array(record({ service: integer({ min: 0, max: 40 }), stays: boolean() }), { maxLength: 200 })
  assert(
    property(steps, (all) => {
      const [counts, table] = [new ServiceCounts(), new Map<string, number>()]
      for (const { service, stays } of all) {
        const id = `service-${service}`
        if (stays) {
          counts.of(id).occupying++
          table.set(id, (table.get(id) ?? 0) + 1)
        } else {
          counts.delete(id)
          table.delete(id)
        }
        expect([...counts.serviceIds()].sort()).toEqual([...table.keys()].sort())
        for (const each of table.keys()) expect(counts.get(each)?.occupying).toBe(table.get(each))
        expect(counts.get('none')).toBeUndefined()
      }
    }),
  )
})
