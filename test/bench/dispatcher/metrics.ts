/** Reads the metrics of a manager, or of etcd. */
export class Metrics {
  readonly #values: ReadonlyMap<string, number>

  private constructor(values: ReadonlyMap<string, number>) {
    this.#values = values
  }

  /** @param address `host:port` @throws when the manager does not answer */
  static async read(address: string): Promise<Metrics> {
    const answer = await fetch(`http://${address}/metrics`)
    const values = new Map<string, number>()
    for (const line of (await answer.text()).split('\n')) {
      const space = line.lastIndexOf(' ')
      if (space > 0 && !line.startsWith('#')) values.set(line.slice(0, space), Number(line.slice(space + 1)))
    }
    return new Metrics(values)
  }

  get connectedAgents(): number {
    return this.#get('shoal_connected_agents')
  }

  /** Since the metrics were read last, in milliseconds. */
  get longestStallMs(): number {
    return this.#get('nodejs_eventloop_lag_max_seconds') * 1000
  }

  /** Of etcd: its file, in units of 10^6 bytes. */
  get etcdDatabaseMb(): number {
    return this.#get('etcd_mvcc_db_total_size_in_bytes') / 1e6
  }

  tasks(state: string): number {
    return this.#get(`shoal_tasks{state="${state}"}`)
  }

  nodes(state: string): number {
    return this.#get(`shoal_nodes{state="${state}"}`)
  }

  #get(name: string): number {
    return this.#values.get(name) ?? 0
  }
}
