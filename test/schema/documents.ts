import { Ajv2019, type ErrorObject, type ValidateFunction } from 'ajv/dist/2019.js'
import { definitionsAsDocker } from './exceptions.js'
import type { Schema, Specification } from './specification.js'

/** What is wrong with a document, one line each; nothing when it is as the schema says. */
export type DocumentCheck = (document: unknown) => string[]

/** The largest whole number of a double that Docker's formats allow; beyond 2^53 JSON says it inexactly. */
const FORMATS: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  int64: { min: -(2 ** 63), max: 2 ** 63 },
  uint64: { min: 0, max: 2 ** 64 },
  uint32: { min: 0, max: 2 ** 32 - 1 },
  uint16: { min: 0, max: 2 ** 16 - 1 },
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

/**
 * Checks documents against schemas of the description. Stricter than Docker's word: a field that the description
 * does not know is wrong too, for nobody reads it.
 * @returns a check of a schema; each schema is prepared once
 */
export function documents({ definitions }: Specification): (schema: Schema) => DocumentCheck {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: true })
  for (const [name, { min, max }] of Object.entries(FORMATS)) {
    ajv.addFormat(name, { type: 'number', validate: (value: number) => value >= min && value <= max })
  }
  ajv.addFormat('dateTime', { type: 'string', validate: TIME })
  for (const [name, schema] of Object.entries(definitionsAsDocker(definitions))) {
    ajv.addSchema(converted(schema, 'part') as object, name)
  }
  const checks = new Map<Schema, ValidateFunction>()
  return (schema) => {
    const check = checks.get(schema) ?? ajv.compile(converted(schema, 'whole') as object)
    checks.set(schema, check)
    return (document) => (check(document) ? [] : (check.errors ?? []).map(inWords))
  }
}

function inWords({ instancePath, message = '', params }: ErrorObject): string {
  const { unevaluatedProperty, allowedValues } = params as Record<string, unknown>
  const more = unevaluatedProperty ?? allowedValues
  return `${instancePath || '/'} ${message}${more === undefined ? '' : ` (${JSON.stringify(more)})`}`
}

/**
 * Swagger's schema as a JSON schema.
 * @param as `whole`: all fields are told of here; `part`: there may be more beside it (`allOf`)
 */
function converted(schema: Schema, as: 'whole' | 'part'): unknown {
  const nullable = schema['x-nullable'] === true
  const core = schema.$ref === undefined ? inline(schema) : { $ref: nameOf(schema.$ref) }
  const closed = as === 'whole' ? { ...core, unevaluatedProperties: false } : core
  return nullable ? { anyOf: [{ type: 'null' }, closed] } : closed
}

function inline({ type, format, properties, additionalProperties, items, ...rest }: Schema): object {
  const known = format !== undefined && (format in FORMATS || format === 'dateTime')
  const free = type === 'object' && properties === undefined && rest.allOf === undefined
  const others = additionalProperties ?? (free ? true : undefined)
  return {
    ...(type !== undefined && { type }),
    ...(known && { format }),
    ...(rest.enum && { enum: rest.enum }),
    ...(rest.required && { required: rest.required }),
    ...(rest.allOf && { allOf: rest.allOf.map((part) => converted(part, 'part')) }),
    ...(items && { items: converted(items, 'whole') }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, converted(property, 'whole')]),
      ),
    }),
    ...(others !== undefined && {
      additionalProperties: typeof others === 'boolean' ? others : converted(others, 'whole'),
    }),
  }
}

const nameOf = (reference: string): string => reference.replace('#/definitions/', '')
