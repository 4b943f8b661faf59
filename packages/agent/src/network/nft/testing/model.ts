/**
 * A table as nft would keep it, fed with our texts: a transaction holds whole or not at all, what is deleted must be
 * there, a key has one value, and a chain that somebody goes to cannot be deleted.
 */
export class ModelTable {
  sets = new Map<string, Map<string, string>>()
  chains = new Map<string, string[]>()

  /** @throws Error naming the line that nft would refuse; nothing has changed then */
  run(text: string): void {
    const before = {
      sets: new Map([...this.sets].map(([name, elements]) => [name, new Map(elements)])),
      chains: new Map([...this.chains].map(([name, rules]) => [name, [...rules]])),
    }
    try {
      for (const line of text.split('\n').filter(Boolean)) this.#line(line)
      this.#checkReferences()
    } catch (error) {
      Object.assign(this, before)
      throw error
    }
  }

  /** What it holds, in a form to be compared. */
  contents(): unknown {
    const sets = [...this.sets].map(([name, elements]) => [name, Object.fromEntries(elements)] as const)
    return { sets: Object.fromEntries(sets), chains: Object.fromEntries(this.chains) }
  }

  #line(line: string): void {
    const match = /^(add|delete|flush) (table|set|map|chain|rule|element) ip shoal ?(\S*) ?(.*)$/u.exec(line)
    if (!match) throw new Error(`not understood: ${line}`)
    const [, verb, kind, name = '', rest = ''] = match
    if (kind === 'table') return
    if (kind === 'element') return this.#elements(verb as 'add' | 'delete', name, rest)
    if (kind === 'rule') return void this.#chain(name).push(rest)
    if (kind === 'chain') return this.#chainCommand(verb!, name)
    if (verb === 'flush') return this.#set(name).clear()
    if (!this.sets.has(name)) this.sets.set(name, new Map())
  }

  #chainCommand(verb: string, name: string): void {
    if (verb === 'add' && !this.chains.has(name)) this.chains.set(name, [])
    if (verb === 'flush') this.#chain(name).length = 0
    if (verb === 'delete' && this.#chain(name).length > 0) throw new Error(`chain ${name} is not empty`)
    if (verb === 'delete') this.chains.delete(name)
  }

  #elements(verb: 'add' | 'delete', name: string, rest: string): void {
    const set = this.#set(name)
    const body = /^\{ (.+) \}$/u.exec(rest)?.[1]
    if (body === undefined) throw new Error(`no elements: ${rest}`)
    for (const text of body.split(', ')) {
      const [key = '', value = ''] = text.split(' : ')
      if (verb === 'add') this.#add(name, set, key, value)
      else if (!set.delete(key)) throw new Error(`${name} has no ${key}`)
    }
  }

  #add(name: string, set: Map<string, string>, key: string, value: string): void {
    if (set.has(key) && set.get(key) !== value) throw new Error(`${name} has another ${key}`)
    set.set(key, value)
  }

  #checkReferences(): void {
    for (const name of ['vip_svc', 'pub_svc'])
      for (const verdict of this.sets.get(name)?.values() ?? [])
        if (!this.chains.has(verdict.replace('goto ', ''))) throw new Error(`dangling ${verdict}`)
  }

  #set(name: string): Map<string, string> {
    const set = this.sets.get(name)
    if (!set) throw new Error(`no set ${name}`)
    return set
  }

  #chain(name: string): string[] {
    const chain = this.chains.get(name)
    if (!chain) throw new Error(`no chain ${name}`)
    return chain
  }
}
