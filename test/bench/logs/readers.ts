import { type ChildProcess, spawn } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { certificateFolder, type LabMachine } from '@shoal/lab'
import { clientFiles } from '../../support/index.js'
import { Tally, tallyFrames, type Tallied, tallyText, type Wave } from './tally.js'
import { SERVICE } from './writers.js'

/** As `docker service logs -f` asks. */
const PATH = `/services/${SERVICE}/logs?details=1&follow=1&stderr=1&stdout=1&tail=all`

/** Followers of the service's logs through one manager: all but one as bare as can be, one the docker CLI itself. */
export class Readers {
  readonly #lab: string
  readonly #manager: LabMachine
  readonly #tallies: Tally[] = []
  readonly #ends: (() => void)[] = []
  #failure: Error | undefined

  constructor(lab: string, manager: LabMachine) {
    this.#lab = lab
    this.#manager = manager
  }

  /** Resolves when all are answered. */
  async open(count: number, wave: Wave): Promise<void> {
    this.#openCli(wave)
    for (let reader = 1; reader < count; reader++) await this.#openBare(wave)
  }

  /** @throws Error when one of them has ended by itself */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  get areDone(): boolean {
    return this.#tallies.every(({ isComplete }) => isComplete)
  }

  /** @param endS when the last lines were due, in seconds of uptime */
  results(endS: number): Tallied[] {
    return this.#tallies.map((tally) => tally.result(endS))
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  async #openBare(wave: Wave): Promise<void> {
    const url = `https://${this.#manager.address}:3376${PATH}`
    const files = clientFiles(certificateFolder(this.#lab))
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { ...files, agent: false }, resolve)
        .once('error', reject)
        .end()
    })
    if (response.statusCode !== 200) throw new Error(`logs are answered ${response.statusCode}`)
    response.on('data', this.#taking(tallyFrames(this.#tally(wave))))
    response.once('close', () => this.#ended('a stream of logs'))
    this.#ends.push(() => response.destroy())
  }

  #openCli(wave: Wave): void {
    const folder = certificateFolder(this.#lab)
    const at = ['--tlsverify', '-H', `tcp://${this.#manager.address}:3376`]
    const files = ['ca', 'cert', 'key'].map(
      (name) => `--tls${name === 'ca' ? 'cacert' : name}=${folder}/${name}.pem`,
    )
    const arguments_ = [...at, ...files, 'service', 'logs', '-f', SERVICE]
    const child: ChildProcess = spawn('docker', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout!.on('data', this.#taking(tallyText(this.#tally(wave))))
    child.once('exit', () => this.#ended('docker service logs'))
    this.#ends.push(() => void child.kill('SIGKILL'))
  }

  #tally(wave: Wave): Tally {
    const tally = new Tally(wave)
    this.#tallies.push(tally)
    return tally
  }

  #taking(take: (chunk: Buffer) => void): (chunk: Buffer) => void {
    return (chunk) => {
      try {
        take(chunk)
      } catch (error) {
        this.#failure ??= error as Error
      }
    }
  }

  #ended(what: string): void {
    if (this.#ends.length > 0) this.#failure ??= new Error(`${what} ended by itself`)
  }
}
