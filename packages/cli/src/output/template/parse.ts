import { lex, type Piece, templateError } from './lex.js'
import type { Expression, TemplateNode } from './tree.js'

type Block = { nodes: TemplateNode[]; stop: 'end' | 'else' | 'eof'; words: readonly string[] }

/**
 * The tree of a template.
 * @throws invalid-argument for a template that is not well formed
 */
export function parseTemplate(source: string): TemplateNode[] {
  const reader = new BlockReader(lex(source))
  const block = reader.block()
  if (block.stop !== 'eof') throw templateError(`unexpected {{${block.stop}}}`)
  return block.nodes
}

class BlockReader {
  readonly #pieces: readonly Piece[]
  #at = 0

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  /** Reads up to the end of the block, or to the `else` in it. */
  block(): Block {
    const nodes: TemplateNode[] = []
    for (;;) {
      const piece = this.#pieces[this.#at++]
      if (piece === undefined) return { nodes, stop: 'eof', words: [] }
      if (piece.kind === 'text') nodes.push(piece)
      else {
        const [first = '', ...rest] = piece.words
        if (first === 'end' || first === 'else') return { nodes, stop: first, words: rest }
        nodes.push(this.#action(first, rest, piece.words))
      }
    }
  }

  #action(first: string, rest: readonly string[], words: readonly string[]): TemplateNode {
    if (first === 'if') {
      return {
        kind: 'if',
        condition: parseExpression(rest),
        ...this.#branches((body, otherwise) => ({ body, otherwise })),
      }
    }
    if (first === 'with') {
      return {
        kind: 'with',
        value: parseExpression(rest),
        ...this.#branches((body, otherwise) => ({ body, otherwise })),
      }
    }
    if (first === 'range') {
      const assigned = rest.indexOf(':=')
      const variables = rest.slice(0, Math.max(assigned, 0)).filter((word) => word !== ',')
      return {
        kind: 'range',
        variables,
        list: parseExpression(rest.slice(assigned + 1)),
        ...this.#branches((body, otherwise) => ({ body, otherwise })),
      }
    }
    if (first.startsWith('$') && (rest[0] === ':=' || rest[0] === '=')) {
      return { kind: 'assign', name: first, value: parseExpression(rest.slice(1)) }
    }
    return { kind: 'print', value: parseExpression(words) }
  }

  #branches<Result>(make: (body: TemplateNode[], otherwise: TemplateNode[]) => Result): Result {
    const body = this.block()
    if (body.stop === 'eof') throw templateError('unexpected EOF')
    if (body.stop === 'end') return make(body.nodes, [])
    if (body.words.length > 0) {
      const [first = '', ...rest] = body.words
      return make(body.nodes, [this.#action(first, rest, body.words)])
    }
    const otherwise = this.block()
    if (otherwise.stop !== 'end') throw templateError('unexpected EOF')
    return make(body.nodes, otherwise.nodes)
  }
}

function parseExpression(words: readonly string[]): Expression {
  const [expression, end] = pipeline(words, 0)
  if (end !== words.length) throw templateError(`unexpected ${JSON.stringify(words[end])} in command`)
  return expression
}

function pipeline(words: readonly string[], start: number): [Expression, number] {
  const stages: Expression[] = []
  let at = start
  for (;;) {
    const [stage, end] = command(words, at)
    stages.push(stage)
    at = end
    if (words[at] !== '|') break
    at++
  }
  const [only] = stages
  return [stages.length === 1 && only !== undefined ? only : { kind: 'pipe', stages }, at]
}

function command(words: readonly string[], start: number): [Expression, number] {
  const name = words[start]
  if (name === undefined) throw templateError('missing value for command')
  let at = start
  if (!/^[A-Za-z_]\w*$/.test(name) || ['true', 'false', 'nil'].includes(name)) return operand(words, at)
  at++
  const operands: Expression[] = []
  while (at < words.length && words[at] !== '|' && words[at] !== ')') {
    const [value, end] = operand(words, at)
    operands.push(value)
    at = end
  }
  return [{ kind: 'call', name, arguments: operands }, at]
}

function operand(words: readonly string[], at: number): [Expression, number] {
  const word = words[at] ?? ''
  if (word === '(') {
    const [inner, end] = pipeline(words, at + 1)
    if (words[end] !== ')') throw templateError('unclosed left paren')
    return [inner, end + 1]
  }
  return [atom(word), at + 1]
}

function atom(word: string): Expression {
  if (word.startsWith('"')) return { kind: 'literal', value: JSON.parse(word) as string }
  if (word.startsWith('`')) return { kind: 'literal', value: word.slice(1, -1) }
  if (/^-?\d/.test(word)) return { kind: 'literal', value: Number(word) }
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' }
  if (word === 'nil') return { kind: 'literal', value: null }
  if (word.startsWith('$')) {
    const [name = '$', ...path] = word.split('.')
    return { kind: 'variable', name, path }
  }
  if (word.startsWith('.')) return { kind: 'field', path: word.split('.').filter((part) => part !== '') }
  if (/^[A-Za-z_]\w*$/.test(word)) return { kind: 'call', name: word, arguments: [] }
  throw templateError(`unexpected ${JSON.stringify(word)} in operand`)
}
