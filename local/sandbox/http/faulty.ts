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
  const { socket, method = "GET" } = incoming;
  const pause = (ms: number) => sleep(ms, undefined, { signal });
  switch (fault.kind) {
    case "lost-before-write":
      return void socket.destroy();
    case "error-before-write":
      return send(response, method, errorAnswer(fault));
    case "rate-limit":
      return send(
        response,
        method,
        failure(429, "Too many requests", { "Retry-After": String(fault.retryAfter) }),
      );
    case "hang-before-write":
    case "chain-down":
    case "hide-rows":
      return;
    case "late-write":
      socket.destroy();
      await pause(fault.ms);
      await answer();
      return;
    case "slow":
      await pause(fault.ms);
      return send(response, method, await answer());
    case "late-answer": {
      const late = await answer();
      await pause(fault.ms);
      return send(response, method, late);
    }
    default:
      return afterWrite(fault, await answer(), incoming, response);
  }
}

/** The faults that leave the work alone and spoil its answer. */
type SpoilsAnswer = Extract<
  AnswerFault,
  { kind: `${string}-after-write` | "not-json" | "truncated-json" | "oversize" }
>;

function afterWrite(
  fault: SpoilsAnswer,
  answer: Answer,
  { socket, method = "GET" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> | void {
  switch (fault.kind) {
    case "lost-after-write":
      return void socket.destroy();
    case "error-after-write":
      return send(response, method, errorAnswer(fault));
    case "hang-after-write":
      return;
    case "not-json":
      return send(response, method, gatewayPage(fault.status));
    case "truncated-json":
      return send(response, method, {
        ...answer,
        status: 200,
        body: answer.body.slice(0, answer.body.length / 2),
      });
    case "oversize":
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
