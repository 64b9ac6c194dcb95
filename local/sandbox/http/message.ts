import type { IncomingMessage, ServerResponse } from "node:http";

/** A request that has arrived whole. */
export interface Request {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** The body went over the limit and was not kept. */
  readonly tooLarge: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  };
}

/** Sends a whole answer; a HEAD request gets the headers only. */
export function send(response: ServerResponse, method: string, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, status === 304 ? headers : { ...headers, "Content-Length": bytes.length });
  response.end(method === "HEAD" ? undefined : bytes);
}

/** Reads a request to its end, keeping at most so many bytes of its body. */
export async function readRequest(incoming: IncomingMessage, limit: number): Promise<Request> {
  const [path = "/", query = ""] = splitOnce(incoming.url ?? "/", "?");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return {
    method: incoming.method ?? "GET",
    path,
    query: new URLSearchParams(query),
    headers: incoming.headers,
    body: size <= limit ? Buffer.concat(chunks) : Buffer.alloc(0),
    tooLarge: size > limit,
  };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The query as an object; a name given twice becomes a list. */
export function queryObject(query: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? "")];
    }),
  );
}
