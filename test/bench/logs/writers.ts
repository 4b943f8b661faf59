import { uptime } from 'node:os'
import { certificateFolder, hosts, type LabMachine, mustRun } from '@shoal/lab'
import { ApiClient, clientFiles, eventually } from '../../support/index.js'
import type { Wave } from './tally.js'

export const SERVICE = 'writers'
const TASKS = 50
/** Of each task, a second. */
const RATE = 200
export const SECONDS = 30
const LINES_PER_TASK = RATE * SECONDS
export const LINES = TASKS * LINES_PER_TASK
const FOLDER = '/var/lib/bench-logs'
/** Within this every task has seen that it is to begin. */
const NOTICE_S = 4
const CENTISECONDS = 100
const PATIENCE_MS = 180_000
const PADDING = 'GET /index.html HTTP/1.1 200 17342'

/** Writes what is due by now four times a second, each line by a call of its own, as programs do. */
const SCRIPT = `
wave=0
while :; do
  wave=$((wave + 1)); i=0
  until [ -s /go/$wave ]; do sleep 1; done
  read start </go/$wave
  while [ $i -lt ${LINES_PER_TASK} ]; do
    read up rest </proc/uptime; now=\${up%.*}\${up#*.}
    due=$(((now - start) * ${RATE} / ${CENTISECONDS}))
    [ $due -le ${LINES_PER_TASK} ] || due=${LINES_PER_TASK}
    while [ $i -lt $due ]; do echo "w$SLOT $wave $i $now ${PADDING}"; i=$((i + 1)); done
    sleep 0.25
  done
done`

/** A service whose tasks write numbered lines when they are told to, on the hosts of a lab. */
export class Writers {
  readonly hosts: readonly LabMachine[]
  #waves = 0

  private constructor(machines: readonly LabMachine[]) {
    this.hosts = machines
  }

  /** Creates the service and waits until all of its tasks run. */
  static async start(lab: string): Promise<Writers> {
    const machines = await hosts(lab)
    for (const { name } of machines) await mustRun(name, ['mkdir', '-p', FOLDER])
    const api = new ApiClient(`${machines[0]!.address}:3376`, clientFiles(certificateFolder(lab)))
    try {
      const { status, message } = await api.call('POST', '/services/create', SPEC)
      if (status !== 201) throw new Error(`the service is refused: ${status} ${message}`)
      await eventually(async () => {
        const running = (await api.tasks(SERVICE)).filter(({ Status }) => Status.State === 'running')
        if (running.length < TASKS) throw new Error(`${running.length} of ${TASKS} tasks run`)
      }, PATIENCE_MS)
    } finally {
      api.close()
    }
    return new Writers(machines)
  }

  /** The wave that is to begin next. */
  next(): Wave {
    const slots = Array.from({ length: TASKS }, (_, index) => index + 1)
    return { number: ++this.#waves, slots, linesPerTask: LINES_PER_TASK }
  }

  /** Has every task begin the wave at the same moment. @returns when its first line is due, in seconds of uptime */
  async begin({ number }: Wave): Promise<number> {
    const startS = Math.ceil(uptime()) + NOTICE_S
    const script = 'echo "$1" >"$2.new" && mv "$2.new" "$2"'
    const file = `${FOLDER}/${number}`
    await Promise.all(
      this.hosts.map(({ name }) =>
        mustRun(name, ['sh', '-c', script, 'begin', String(startS * CENTISECONDS), file]),
      ),
    )
    return startS
  }
}

const SPEC = {
  Name: SERVICE,
  TaskTemplate: {
    ContainerSpec: {
      Image: 'shoal-busybox:1',
      Command: ['sh', '-c', SCRIPT],
      Env: ['SLOT={{.Task.Slot}}'],
      Mounts: [{ Type: 'bind', Source: FOLDER, Target: '/go', ReadOnly: true }],
      StopGracePeriod: 0,
    },
  },
  Mode: { Replicated: { Replicas: TASKS } },
}
