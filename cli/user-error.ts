/** Something the user can put right: printed as it is, without a stack. `exitCode` is 1 unless said otherwise. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
