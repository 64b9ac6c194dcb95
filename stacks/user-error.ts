/** Something that the user can put right; the message says how, and is shown as it is. */
export class UserError extends Error {
  override readonly name = "UserError";
}
