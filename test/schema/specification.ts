import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** A schema of Swagger 2.0, as far as Docker uses it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly example?: unknown
  readonly default?: unknown
  readonly 'x-nullable'?: boolean
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'body'
  readonly type?: string
  readonly schema?: Schema
}

export interface Operation {
  readonly method: string
  /** With `{id}` where one is to be filled in. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** By status; those without a schema have no body. */
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>
}

export interface Specification {
  readonly definitions: Readonly<Record<string, Schema>>
  readonly operations: readonly Operation[]
  /** @param path as it was asked for: with or without version and query */
  operation(method: string, path: string): Operation | undefined
}

type Paths = Record<
  string,
  Record<string, Omit<Operation, 'method' | 'path' | 'parameters'> & Partial<Operation>>
>

/** Reads the description; it takes a tenth of a second. */
export function specification(): Specification {
  const { definitions, paths } = parse(readFileSync(location(), 'utf8')) as {
    definitions: Record<string, Schema>
    paths: Paths
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      responses,
    })),
  )
  const patterns = operations.map((operation) => ({ operation, pattern: patternOf(operation.path) }))
  // `/networks/create` is no network's ID: paths without a place to fill in come first.
  patterns.sort((a, b) => Number(a.operation.path.includes('{')) - Number(b.operation.path.includes('{')))
  return {
    definitions,
    operations,
    operation(method, path) {
      const bare = (path.split('?')[0] ?? '').replace(/^\/v[\d.]+(?=\/)/, '')
      return patterns.find((one) => one.operation.method === method && one.pattern.test(bare))?.operation
    },
  }
}

/** An image's name holds slashes, nothing else does. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace('{name}', '.+').replace(/\{\w+\}/g, '[^/]+')}$`)
}

/** Beside this source, which may have been built into `dist`. */
function location(): string {
  const here = fileURLToPath(new URL('engine-api-swarm.yaml', import.meta.url))
  return existsSync(here)
    ? here
    : fileURLToPath(new URL('../../schema/engine-api-swarm.yaml', import.meta.url))
}
