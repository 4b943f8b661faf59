/** A document, or a text inside one, that the Engine API refuses (400); the message is Docker's own where it has one. */
export class InvalidDocument extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidDocument'
  }
}
