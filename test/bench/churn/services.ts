import type { ServiceSpec } from '@shoal/engine-api'

export const NETWORKS = ['churn-a', 'churn-b'] as const
const FIRST_PORT = 8_200
const TARGET_PORT = 8_080
const SECOND_NS = 1_000_000_000

/** One of the services that come and go: its place has a port, which whoever is in that place next gets again. */
export interface Incarnation {
  readonly place: number
  /** Which of those that have been in the place. */
  readonly number: number
}

export const portOf = (place: number): number => FIRST_PORT + place

/** Its name, and what all its tasks answer. */
export const nameOf = ({ place, number }: Incarnation): string => `churn-${place}-${number}`

/** @param version another one makes the tasks be replaced */
export function specOf(incarnation: Incarnation, replicas: number, version: number): ServiceSpec {
  const name = nameOf(incarnation)
  const serve = `echo ${name} >/tmp/index.html; exec httpd -f -p ${TARGET_PORT} -h /tmp`
  return {
    Name: name,
    // What is measured is not how long anybody waits.
    Labels: { 'shoal.drain-period': '500ms' },
    TaskTemplate: {
      ContainerSpec: {
        Image: 'shoal-busybox:1',
        Command: ['sh', '-c', serve],
        Env: [`VERSION=${version}`],
        StopSignal: 'SIGKILL',
      },
      RestartPolicy: { Condition: 'any', Delay: SECOND_NS / 10 },
      Networks: [{ Target: NETWORKS[incarnation.place % NETWORKS.length]! }],
    },
    Mode: { Replicated: { Replicas: replicas } },
    UpdateConfig: {
      Parallelism: 0,
      Monitor: SECOND_NS / 10,
      Order: version % 2 === 0 ? 'start-first' : 'stop-first',
    },
    EndpointSpec: {
      Ports: [
        {
          Protocol: 'tcp',
          PublishMode: 'ingress',
          PublishedPort: portOf(incarnation.place),
          TargetPort: TARGET_PORT,
        },
      ],
    },
  }
}
