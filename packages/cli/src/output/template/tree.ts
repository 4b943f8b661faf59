/** The tree of a template. */
export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'field'; path: readonly string[] }
  | { kind: 'variable'; name: string; path: readonly string[] }
  | { kind: 'call'; name: string; arguments: readonly Expression[] }
  /** Each stage's value becomes the last argument of the next. */
  | { kind: 'pipe'; stages: readonly Expression[] }

export type TemplateNode =
  | { kind: 'text'; text: string }
  | { kind: 'print'; value: Expression }
  | { kind: 'assign'; name: string; value: Expression }
  | { kind: 'if'; condition: Expression; body: readonly TemplateNode[]; otherwise: readonly TemplateNode[] }
  | {
      kind: 'range'
      list: Expression
      variables: readonly string[]
      body: readonly TemplateNode[]
      otherwise: readonly TemplateNode[]
    }
  | { kind: 'with'; value: Expression; body: readonly TemplateNode[]; otherwise: readonly TemplateNode[] }
