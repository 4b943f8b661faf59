import type { FieldChange, Step } from './step.js'

const MOST_CHARACTERS = 100

/** A step for people: `+` is made, `~` changed, `-` removed; changed fields follow, one a line. */
export function stepLines(step: Step): string[] {
  switch (step.kind) {
    case 'create-network':
      return [`+ network ${step.network.Name}`]
    case 'create-file': {
      const why = step.replaces === undefined ? '' : ` (a new version of ${step.replaces})`
      return [`+ ${step.file.kind} ${step.name}${why}`]
    }
    case 'update-file':
      return [`~ ${step.file} ${step.present.Spec.Name}`, ...step.fields.map(fieldLine)]
    case 'create-service':
      return [`+ service ${step.spec.Name}`]
    case 'update-service':
      return [`~ service ${step.spec.Name}`, ...step.fields.map(fieldLine)]
    case 'remove-service':
      return [`- service ${step.name}`]
    case 'remove-file':
      return [`- ${step.file} ${step.name}`]
    case 'remove-network':
      return [`- network ${step.name}`]
  }
}

function fieldLine({ path, from, to }: FieldChange): string {
  return `    ${path}: ${valueText(from)} → ${valueText(to)}`
}

function valueText(value: unknown): string {
  if (value === undefined) return '(none)'
  const text = JSON.stringify(value)
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

/** How many things are made, changed and removed, in one line. */
export function planSummary(steps: readonly Step[]): string {
  const count = (verb: string): number => steps.filter(({ kind }) => kind.startsWith(verb)).length
  return `${count('create')} to create, ${count('update')} to update, ${count('remove')} to remove`
}
