import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnswerFault } from "../faults.ts";
import { type Answer, json, send } from "./message.ts";

const failure = (status: number, message: string, headers: Record<string, string> = {}) =>
  json(status, { status: "error", error: { message } }, headers);

const gatewayPage = (status: number): Answer => ({
  status,
  headers: { "Content-Type": "text/html; charset=utf-8" },
  body: "<!doctype html><title>Gateway</title><p>The upstream server did not answer as expected.</p>",
});

const errorAnswer = ({ status, body }: Extract<AnswerFault, { body: string }>) =>
  body === "html" ? gatewayPage(status) : failure(status, STATUS_CODES[status] ?? "");

/** Serves a request as the fault has it; `answer` does the work that is asked. */
export async function serveFaulty(
  fault: AnswerFault,
  answer: () => Promise<Answer>,
  incoming: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const reply = (instead: Answer) => send(response, incoming.method ?? "GET", instead);
  const pause = (ms: number) => sleep(ms, undefined, { signal });
  const cut = () => incoming.socket.destroy();
  switch (fault.kind) {
    case "lost-before-write":
      return void cut();
    case "lost-after-write":
      await answer();
      return void cut();
    case "late-write":
      cut();
      await pause(fault.ms);
      await answer();
      return;
    case "late-answer": {
      const late = await answer();
      await pause(fault.ms);
      return reply(late);
    }
    case "slow":
      await pause(fault.ms);
      return reply(await answer());
    case "error-before-write":
      return reply(errorAnswer(fault));
    case "error-after-write":
      await answer();
      return reply(errorAnswer(fault));
    case "rate-limit":
      return reply(failure(429, "Too many requests", { "Retry-After": String(fault.retryAfter) }));
    case "hang-before-write":
    case "chain-down":
    case "hide-rows":
      return;
    case "hang-after-write":
      await answer();
      return;
    case "not-json":
      await answer();
      return reply(gatewayPage(fault.status));
    case "truncated-json": {
      const whole = await answer();
      return reply({ ...whole, status: 200, body: whole.body.slice(0, whole.body.length / 2) });
    }
    case "oversize":
      await answer();
      response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
      return pipeline(oversizeBody(fault.bytes), response);
  }
}

/** A well-formed answer of at least so many bytes, piece by piece. */
function* oversizeBody(bytes: number): Generator<string> {
  yield '{"status":"success","data":{"Assets":[]},"padding":"';
  const piece = "x".repeat(64 * 1024);
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
  yield '"}';
}
