/** What a problem says to whoever sent the request, and what of the answer is not its body. */
export interface ProblemParts {
  readonly status: number;
  /** A stable word, which programs test for. */
  readonly error: string;
  readonly title: string;
  /** What happened and what to do, for a person. Never has a secret. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that is an answer: `application/problem+json` (RFC 9457). Hono answers with `getResponse()` by itself. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly error: string;
  readonly title: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, error, title, detail, headers = {} }: ProblemParts, options?: ErrorOptions) {
    super(`${title}: ${detail}`, options);
    this.status = status;
    this.error = error;
    this.title = title;
    this.detail = detail;
    this.headers = headers;
  }

  getResponse(): Response {
    const { status, error, title, detail } = this;
    return new Response(JSON.stringify({ title, status, error, detail }), {
      status,
      headers: { ...this.headers, "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
    });
  }
}
