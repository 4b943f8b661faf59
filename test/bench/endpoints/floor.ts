import { runProgram } from '@shoal/agent/network/index'

/** A table of its own, so that the agent does not take it for a change of its own table. */
const TABLE = 'ip bench-floor'
const ELEMENT = '192.0.2.77'

/**
 * What no change can be faster than: one call of `nft` that takes one element out, beside a table of whatever size the
 * agent has there. (To put one in takes less: nobody may be looking at what is taken out.)
 * @returns in milliseconds
 * @throws Error
 */
export async function floorOfNft(): Promise<number> {
  await nft(
    `add table ${TABLE}; add set ${TABLE} s { type ipv4_addr; }; add element ${TABLE} s { ${ELEMENT} }`,
  )
  const startedAt = performance.now()
  await nft(`delete element ${TABLE} s { ${ELEMENT} }`)
  return performance.now() - startedAt
}

async function nft(text: string): Promise<void> {
  const { code, stderr } = await runProgram('nft', ['-f', '-'], `${text}\n`)
  if (code !== 0) throw new Error(stderr)
}
