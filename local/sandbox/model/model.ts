import type { Faults } from "../faults.ts";
import type { Area } from "../http/server.ts";
import { type Answer, json, type Request } from "../http/message.ts";
import type { RequestCounts } from "../http/request-counts.ts";
import { describeIssues } from "../service/endpoint.ts";
import { chatSchema, completeChat } from "./chat.ts";
import { embedAll, embeddingsSchema } from "./embeddings.ts";

const BODY_LIMIT = 20_000_000;

const failure = (status: number, message: string) =>
  json(status, { error: { message, type: "invalid_request_error", param: null, code: null } });

function complete(body: unknown): Answer {
  const parsed = chatSchema.safeParse(body);
  if (!parsed.success) return failure(400, describeIssues(parsed.error));
  const { contentType, body: text } = completeChat(parsed.data);
  return { status: 200, headers: { "Content-Type": contentType }, body: text };
}

function embed(body: unknown): Answer {
  const parsed = embeddingsSchema.safeParse(body);
  return parsed.success ? json(200, embedAll(parsed.data)) : failure(400, describeIssues(parsed.error));
}

function answer(request: Request): Answer {
  const route = `${request.method} ${request.path}`;
  if (route === "GET /model/v1/models")
    return json(200, { object: "list", data: [{ id: "stub", object: "model" }] });
  const handle = { "POST /model/v1/chat/completions": complete, "POST /model/v1/embeddings": embed }[route];
  if (!handle) {
    return failure(
      404,
      `The stub model has no ${route}; it answers /chat/completions, /embeddings and /models`,
    );
  }
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString("utf8"));
  } catch (error) {
    return failure(400, `The body is not JSON: ${(error as Error).message}`);
  }
  return handle(body);
}

/** An OpenAI-compatible model that says that it is a stub. Any key will do. */
export function modelArea({ faults, requests }: { faults: Faults; requests: RequestCounts }): Area {
  return {
    bodyLimit: BODY_LIMIT,
    faultFor: (request) => {
      const route = `${request.method} ${request.path}`;
      requests.add(route);
      return faults.takeForAnswer(route);
    },
    answer: (request) => Promise.resolve(answer(request)),
  };
}
