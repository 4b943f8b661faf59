import { ShoalError, unreachable } from '@shoal/common/errors'
import { FUNCTIONS, goPrint, isTrue } from './functions.js'
import { parseTemplate } from './parse.js'
import type { Expression, TemplateNode } from './tree.js'

interface Scope {
  dot: unknown
  variables: Map<string, unknown>
}

/**
 * Makes a function of a template.
 * @returns renders one document; it throws invalid-argument when the template names a field that the
 * document itself does not have (fields deeper inside may be absent: `<no value>`)
 * @throws invalid-argument for a template that is not well formed
 */
export function compileTemplate(source: string): (document: unknown) => string {
  const tree = parseTemplate(source)
  checkFunctions(tree)
  return (document) => render(tree, { dot: document, variables: new Map([['$', document]]) })
}

function render(nodes: readonly TemplateNode[], scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join('')
}

function renderNode(node: TemplateNode, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'print':
      return goPrint(evaluate(node.value, scope))
    case 'assign':
      scope.variables.set(node.name, evaluate(node.value, scope))
      return ''
    case 'if':
      return render(isTrue(evaluate(node.condition, scope)) ? node.body : node.otherwise, scope)
    case 'with': {
      const value = evaluate(node.value, scope)
      return isTrue(value) ? render(node.body, { ...scope, dot: value }) : render(node.otherwise, scope)
    }
    case 'range':
      return renderRange(node, scope)
    default:
      return unreachable(node)
  }
}

function renderRange(node: TemplateNode & { kind: 'range' }, scope: Scope): string {
  const list = evaluate(node.list, scope)
  const entries: [unknown, unknown][] = Array.isArray(list)
    ? [...list.entries()]
    : Object.entries((list ?? {}) as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return render(node.otherwise, scope)
  return entries
    .map(([key, value]) => {
      const variables = new Map(scope.variables)
      const [first, second] = node.variables
      if (second !== undefined) variables.set(first ?? '', key).set(second, value)
      else if (first !== undefined) variables.set(first, value)
      return render(node.body, { dot: value, variables })
    })
    .join('')
}

function evaluate(expression: Expression, scope: Scope, piped: readonly unknown[] = []): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'field':
      return lookUp(scope.dot, expression.path)
    case 'variable':
      if (!scope.variables.has(expression.name)) {
        throw new ShoalError('invalid-argument', `template: undefined variable "${expression.name}"`)
      }
      return lookUp(scope.variables.get(expression.name), expression.path)
    case 'call': {
      const values = expression.arguments.map((argument) => evaluate(argument, scope))
      return FUNCTIONS[expression.name]?.(...values, ...piped)
    }
    case 'pipe': {
      let value: readonly unknown[] = piped
      for (const stage of expression.stages) value = [evaluate(stage, scope, value)]
      return value[0]
    }
    default:
      return unreachable(expression)
  }
}

function lookUp(start: unknown, path: readonly string[]): unknown {
  let value = start
  for (const [depth, name] of path.entries()) {
    if (typeof value !== 'object' || value === null) return undefined
    if (depth === 0 && !Object.hasOwn(value, name) && !Array.isArray(value)) throw unknownField(path)
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function unknownField(path: readonly string[]): ShoalError {
  const shown = `.${path.join('.')}`
  return new ShoalError(
    'invalid-argument',
    `failed to execute template: template: :1:2: executing "" at <${shown}>: can't evaluate field ${path[0]}`,
  )
}

/** Unknown functions are refused before anything is printed. */
function checkFunctions(nodes: readonly TemplateNode[]): void {
  const checkExpression = (expression: Expression): void => {
    if (expression.kind === 'pipe') for (const stage of expression.stages) checkExpression(stage)
    if (expression.kind !== 'call') return
    if (!Object.hasOwn(FUNCTIONS, expression.name)) {
      throw new ShoalError(
        'invalid-argument',
        `template parsing error: template: :1: function "${expression.name}" not defined`,
      )
    }
    for (const argument of expression.arguments) checkExpression(argument)
  }
  for (const node of nodes) {
    if (node.kind === 'print' || node.kind === 'assign' || node.kind === 'with') checkExpression(node.value)
    if (node.kind === 'if') checkExpression(node.condition)
    if (node.kind === 'range') checkExpression(node.list)
    if (node.kind === 'if') checkFunctions([...node.body, ...node.otherwise])
    if (node.kind === 'range' || node.kind === 'with') checkFunctions([...node.body, ...node.otherwise])
  }
}
