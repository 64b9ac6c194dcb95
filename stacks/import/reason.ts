/** What keeps a registration from being declared: where, what is wrong there, what would be right. */
export interface Reason {
  /** As an agent's file calls it, such as `tags[0]`; "" for the registration as a whole. */
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}
