import { findEndpoint } from '../../client/index.js'
import { DEFAULT_CONTEXT } from '../../contexts/index.js'
import { type Command, inspectFormatFlag, type Io, valueOf } from '../lib/command.js'
import { inspect } from '../lib/inspect.js'

export const command: Command = {
  usage: '[OPTIONS] [CONTEXT] [CONTEXT...]',
  description: 'Display detailed information on one or more contexts; keys are not shown',
  flags: [inspectFormatFlag],
  arguments: { least: 0 },
  async run({ args, given, io }) {
    const names = args.length > 0 ? args : [io.contextName()]
    await inspect(names, valueOf(given, 'format'), (name) => Promise.resolve(describe(name, io)), io)
  },
}

function describe(name: string, io: Io): object {
  if (name === DEFAULT_CONTEXT) {
    const { shown } = findEndpoint(undefined, io.environment)
    return contextDocument(name, '', shown, [], '<IN MEMORY>')
  }
  const { description, host, tls = {} } = io.contexts().get(name)
  const files = Object.keys(tls).map((key) => `${key}.pem`)
  return contextDocument(name, description, host, files, io.contexts().pathOf(name))
}

/** In docker's form. */
function contextDocument(
  Name: string,
  description: string,
  Host: string,
  files: readonly string[],
  path: string,
): object {
  return {
    Name,
    Metadata: description === '' ? {} : { Description: description },
    Endpoints: { docker: { Host, SkipTLSVerify: false } },
    TLSMaterial: files.length > 0 ? { docker: files } : {},
    Storage: { MetadataPath: path, TLSPath: path },
  }
}
