/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

type Kept = { readonly request: string; readonly answer: Promise<Answer>; isDone: boolean };

/**
 * Answers the same to the same request under the same key, as Stripe does for a day: also a failure, once the request has begun. What was
 * refused before that is not kept. The same key with another request, or while the first is under way, is an error.
 */
export class Idempotency {
  readonly #kept = new Map<string, Kept>();

  async answer(key: string | undefined, request: string, work: () => Promise<Answer>): Promise<Answer> {
    if (key === undefined) return work();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.request !== request)
      return problem(
        400,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters.",
      );
    if (kept !== undefined)
      return kept.isDone
        ? kept.answer
        : problem(409, "idempotency_error", "Another request with this key is under way.", {
            code: "idempotency_key_in_use",
          });
    const answer = work();
    const entry: Kept = { request, answer, isDone: false };
    this.#kept.set(key, entry);
    const { status } = await answer;
    entry.isDone = true;
    if (status === 400 || status === 401 || status === 429) this.#kept.delete(key);
    return answer;
  }
}

/** An error as Stripe answers it. */
export const problem = (status: number, type: string, message: string, more: object = {}): Answer => ({
  status,
  body: { error: { type, message, ...more } },
});
