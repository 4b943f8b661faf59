import { ShoalError } from '@shoal/common'
import type { FastifyRequest } from 'fastify'
import { looseBoolean, queryText } from '../request/query.js'

/** What a client wants of logs. */
export interface LogQuery {
  readonly stdout: boolean
  readonly stderr: boolean
  readonly follow: boolean
  readonly timestamps: boolean
  readonly details: boolean
  /** How many lines of each task, at the most: `all` or a number. */
  readonly tail: string
  /** Seconds since the epoch, with a fraction if need be; empty: from the beginning. */
  readonly since: string
}

/** @throws ShoalError `invalid-argument` */
export function readLogQuery(request: FastifyRequest): LogQuery {
  const flag = (name: string): boolean => looseBoolean(request, name)
  const query = {
    stdout: flag('stdout'),
    stderr: flag('stderr'),
    follow: flag('follow'),
    timestamps: flag('timestamps'),
    details: flag('details'),
    tail: queryText(request, 'tail') || 'all',
    since: queryText(request, 'since'),
  }
  if (!query.stdout && !query.stderr) {
    throw new ShoalError('invalid-argument', 'Bad parameters: you must choose at least one stream')
  }
  if (!/^(?:all|-?\d{1,15})$/.test(query.tail)) {
    throw new ShoalError(
      'invalid-argument',
      `Bad parameters: tail ${JSON.stringify(query.tail)} is neither a number nor all`,
    )
  }
  if (!/^(?:|\d{1,12}(?:\.\d{1,9})?)$/.test(query.since)) {
    throw new ShoalError(
      'invalid-argument',
      `Bad parameters: since ${JSON.stringify(query.since)} is no Unix time`,
    )
  }
  return query
}

/** The query of an engine that gives these logs of one container. */
export function engineQuery(query: LogQuery): string {
  const { tail, since, ...flags } = query
  const wanted = Object.entries(flags).filter(([, on]) => on)
  const parameters = { ...Object.fromEntries(wanted.map(([name]) => [name, '1'])), tail }
  return new URLSearchParams(since === '' ? parameters : { ...parameters, since }).toString()
}
