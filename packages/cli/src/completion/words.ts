/** What the shells' scripts call. It is no command of users. */
export const COMPLETE = '__complete'

/** Something that may stand where the user types. */
export interface Candidate {
  readonly text: string
  readonly help: string
}
