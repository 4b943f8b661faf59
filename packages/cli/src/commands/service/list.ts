import type { Service } from '@shoal/engine-api'
import {
  familiarImage,
  listing,
  type ListingStyle,
  naturalOrder,
  publishedPorts,
  type Row,
  shortId,
} from '../../output/index.js'
import { parseFilters } from '../../values/index.js'
import { type Command, filterFlag, formatFlag, isOn, quietFlag, valueOf } from '../lib/command.js'

/** How services are listed. */
export const SERVICE_LISTING: ListingStyle = {
  headers: { ID: 'ID', Name: 'NAME', Mode: 'MODE', Replicas: 'REPLICAS', Image: 'IMAGE', Ports: 'PORTS' },
  table: '{{.ID}}\t{{.Name}}\t{{.Mode}}\t{{.Replicas}}\t{{.Image}}\t{{.Ports}}',
}

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List services',
  examples: [
    'ctl service ls',
    'ctl service ls --filter mode=global -q',
    `ctl service ls --format '{{.Name}}: {{.Replicas}}'`,
  ],
  flags: [filterFlag, formatFlag, quietFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const quiet = isOn(given, 'quiet')
    const filters = parseFilters(given.get('filter') ?? [])
    const services = await io.client().services(filters, !quiet)
    services.sort((a, b) => naturalOrder(a.Spec.Name ?? '', b.Spec.Name ?? ''))
    for (const line of listing(SERVICE_LISTING, services.map(serviceRow), {
      quiet,
      format: valueOf(given, 'format'),
    })) {
      io.print(line)
    }
  },
}

/** One line of the list. */
export function serviceRow(service: Service): Row {
  return {
    ID: shortId(service.ID),
    Name: service.Spec.Name,
    Mode: modeOf(service),
    Replicas: replicasOf(service),
    Image: familiarImage(service.Spec.TaskTemplate?.ContainerSpec?.Image ?? ''),
    Ports: publishedPorts(service.Endpoint.Ports ?? []),
  }
}

function modeOf(service: Service): string {
  const mode = service.Spec.Mode ?? {}
  if (mode.Global) return 'global'
  if (mode.ReplicatedJob) return 'replicated job'
  return mode.GlobalJob ? 'global job' : 'replicated'
}

function replicasOf(service: Service): string {
  const { RunningTasks = 0, DesiredTasks = 0, CompletedTasks = 0 } = service.ServiceStatus ?? {}
  const mode = service.Spec.Mode ?? {}
  const running = `${RunningTasks}/${DesiredTasks}`
  if (mode.ReplicatedJob)
    return `${running} (${CompletedTasks}/${mode.ReplicatedJob.TotalCompletions ?? 1} completed)`
  if (mode.GlobalJob) return `${running} (${CompletedTasks}/${DesiredTasks + CompletedTasks} completed)`
  const most = mode.Replicated ? (service.Spec.TaskTemplate?.Placement?.MaxReplicas ?? 0) : 0
  return most > 0 ? `${running} (max ${most} per node)` : running
}
