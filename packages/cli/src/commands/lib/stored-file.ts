/** Secrets and configs: the commands of the two are the same but for a word, and for what may be shown. */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { messageOf, ShoalError } from '@shoal/common/errors'
import type { Config, Secret } from '@shoal/engine-api'
import type { StoredFileKind } from '../../client/index.js'
import { ago, labelLines, listing, type ListingStyle, naturalOrder, prettyDate } from '../../output/index.js'
import { parseFilters, toMap } from '../../values/index.js'
import type { GivenFlags } from '../../spec/index.js'
import {
  argument,
  type Command,
  filterFlag,
  type FlagText,
  forEach,
  formatFlag,
  inspectFormatFlag,
  isOn,
  quietFlag,
  valueOf,
} from './command.js'
import { inspect } from './inspect.js'

const usageName = (kind: StoredFileKind): string => kind.toUpperCase()

const TEMPLATE_FLAG: FlagText = {
  name: 'template-driver',
  value: 'string',
  help: 'Template driver ("golang")',
}
const DRIVER_FLAG: FlagText = { name: 'driver', short: 'd', value: 'string', help: 'Secret driver' }

export function createCommand(kind: StoredFileKind, examples: readonly string[]): Command {
  const labelFlag: FlagText = {
    name: 'label',
    short: 'l',
    value: 'list',
    help: `${kind === 'secret' ? 'Secret' : 'Config'} labels`,
  }
  return {
    usage: `[OPTIONS] ${usageName(kind)} file|-`,
    description: `Create a ${kind} from a file or STDIN`,
    examples,
    flags: kind === 'secret' ? [labelFlag, DRIVER_FLAG, TEMPLATE_FLAG] : [labelFlag, TEMPLATE_FLAG],
    // Docker lets a secret of a driver go without a file.
    arguments: { least: kind === 'secret' ? 1 : 2, most: 2 },
    async run({ args, given, io }) {
      const driver = valueOf(given, 'driver')
      const file = args[1]
      if (driver !== undefined && file !== undefined) {
        throw new ShoalError('invalid-argument', 'When using secret driver secret data must be empty')
      }
      const data = driver === undefined ? await contentOf(kind, file) : undefined
      const spec = specOf(argument(args, 0), data, given)
      io.print(await io.client().createStoredFile(kind, spec))
    },
  }
}

function specOf(name: string, data: Buffer | undefined, given: GivenFlags): object {
  const driver = valueOf(given, 'driver')
  const templating = valueOf(given, 'template-driver')
  return {
    Name: name,
    Labels: toMap(given.get('label') ?? []),
    ...(data && { Data: data.toString('base64') }),
    ...(driver !== undefined && { Driver: { Name: driver } }),
    ...(templating !== undefined && { Templating: { Name: templating } }),
  }
}

async function contentOf(kind: StoredFileKind, file: string | undefined): Promise<Buffer> {
  try {
    return file === undefined || file === '-' ? await buffer(process.stdin) : await readFile(file)
  } catch (error) {
    const where = file === undefined || file === '-' ? 'STDIN' : `"${file}"`
    throw new ShoalError(
      'invalid-argument',
      `error reading content of the ${kind} from ${where}: ${messageOf(error)}`,
    )
  }
}

const LISTINGS: Readonly<Record<StoredFileKind, ListingStyle>> = {
  secret: {
    headers: {
      ID: 'ID',
      Name: 'NAME',
      Driver: 'DRIVER',
      CreatedAt: 'CREATED',
      UpdatedAt: 'UPDATED',
      Labels: 'LABELS',
    },
    table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}',
  },
  config: {
    headers: { ID: 'ID', Name: 'NAME', CreatedAt: 'CREATED', UpdatedAt: 'UPDATED', Labels: 'LABELS' },
    table: '{{.ID}}\t{{.Name}}\t{{.CreatedAt}}\t{{.UpdatedAt}}',
  },
}

export function listCommand(kind: StoredFileKind): Command {
  return {
    usage: '[OPTIONS]',
    description: `List ${kind}s`,
    examples: [`ctl ${kind} ls`, `ctl ${kind} ls --filter label=project=shop`],
    flags: [filterFlag, formatFlag, quietFlag],
    arguments: { least: 0, most: 0 },
    async run({ given, io }) {
      const found = await io.client().storedFiles(kind, parseFilters(given.get('filter') ?? []))
      found.sort((a, b) => naturalOrder(a.Spec.Name ?? '', b.Spec.Name ?? ''))
      const nowMs = io.clock.now()
      const rows = found.map(({ ID, Spec, CreatedAt, UpdatedAt }) => ({
        ID,
        Name: Spec.Name,
        Driver: 'Driver' in Spec ? Spec.Driver?.Name : '',
        CreatedAt: ago(CreatedAt, nowMs),
        UpdatedAt: ago(UpdatedAt, nowMs),
        Labels: Object.entries(Spec.Labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
      }))
      const options = { quiet: isOn(given, 'quiet'), format: valueOf(given, 'format') }
      for (const line of listing(LISTINGS[kind], rows, options)) io.print(line)
    },
  }
}

export function inspectCommand(kind: StoredFileKind): Command {
  return {
    usage: `[OPTIONS] ${usageName(kind)} [${usageName(kind)}...]`,
    description: `Display detailed information on one or more ${kind}s`,
    examples: [`ctl ${kind} inspect --pretty key`],
    flags: [inspectFormatFlag, { name: 'pretty', help: 'Print the information in a human friendly format' }],
    arguments: { least: 1 },
    async run({ args, given, io }) {
      const client = io.client()
      const format = valueOf(given, 'format')
      const get = (ref: string): Promise<Secret | Config> => client.storedFile(kind, ref)
      if (!isOn(given, 'pretty')) return inspect(args, format, get, io)
      if (format)
        throw new ShoalError('invalid-argument', '--format is incompatible with human friendly format')
      for (const ref of args) io.print(pretty(await get(ref)))
    },
  }
}

function pretty({ ID, Spec, CreatedAt, UpdatedAt }: Secret | Config): string {
  const lines = [
    `ID:\t\t\t${ID}`,
    `Name:\t\t\t${Spec.Name ?? ''}`,
    ...labelLines('Labels', Spec.Labels),
    ...('Driver' in Spec && Spec.Driver?.Name ? [`Driver:\t\t\t${Spec.Driver.Name}`] : []),
    `Created at:            \t${prettyDate(CreatedAt)}`,
    `Updated at:            \t${prettyDate(UpdatedAt)}`,
  ]
  const data = 'Data' in Spec ? Spec.Data : undefined
  if (data !== undefined) lines.push('Data:', Buffer.from(data, 'base64').toString('utf8'))
  return lines.join('\n')
}

export function removeCommand(kind: StoredFileKind): Command {
  return {
    usage: `${usageName(kind)} [${usageName(kind)}...]`,
    description: `Remove one or more ${kind}s`,
    examples: [`ctl ${kind} rm key`],
    flags: [],
    arguments: { least: 1 },
    async run({ args, io }) {
      const client = io.client()
      await forEach(args, async (ref) => {
        await client.removeStoredFile(kind, ref)
        io.print(ref)
      })
    },
  }
}
