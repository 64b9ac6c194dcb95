/** Something that the user can put right; the message says how, and is shown as it is. `exitCode` is 1 unless said otherwise. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
