import { request } from "node:https";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Question {
  readonly host: string;
  /** Where the TLS proxy listens. */
  readonly port: number;
  /** The only authority that is believed. */
  readonly ca: Buffer;
  readonly path: string;
}

const ANSWER_MS = 10_000;

/** GET by https at a name that only the tests' DNS knows; the certificate has to be of that name. */
export function askByName({ host, port, ca, path }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      path,
      ca,
      servername: host,
      headers: { host },
      agent: false,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    asked.once("error", reject);
    asked.once("response", (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.end();
  });
}
