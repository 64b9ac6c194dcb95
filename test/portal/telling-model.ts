import { readFileSync, writeFileSync } from "node:fs";
import { Hono } from "hono";
import { serveStubModel } from "../../local/sandbox/model/serve.ts";
import { startServer } from "./server.ts";

export interface TellingModel {
  readonly url: string;
  close(): Promise<void>;
}

interface Chat {
  readonly messages: readonly { readonly content?: string | readonly { readonly text?: string }[] | null }[];
}

const textOf = ({ messages }: Chat): string =>
  messages
    .flatMap(({ content }) =>
      typeof content === "string" ? [content] : (content ?? []).map(({ text = "" }) => text),
    )
    .join("\n");

/** A model that answers with all that it was sent, passages of documents included; the stub model says the first words only. */
export async function startTellingModel(): Promise<TellingModel> {
  const stub = await serveStubModel();
  const app = new Hono();
  app.post("/v1/chat/completions", async (context) => {
    const text = textOf(await context.req.json<Chat>());
    const content = text.includes("Final Answer:") ? `Thought: I know it.\nFinal Answer: ${text}` : text;
    return context.json({
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "telling",
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  });
  app.all("/v1/*", (context) => {
    const { method, path, raw } = context.req;
    const body = method === "GET" ? {} : { body: raw.body, duplex: "half" as const };
    return fetch(`${stub.url}${path.slice("/v1".length)}`, { method, headers: raw.headers, ...body });
  });
  const server = await startServer(app.fetch);
  return {
    url: `${server.url}/v1`,
    close: async () => {
      await server.close();
      await stub.close();
    },
  };
}

/** Gives a stack of this machine another model than the sandbox's, as its owner may. */
export function useModel(stackFile: string, url: string): void {
  const settings = readFileSync(stackFile, "utf8");
  const changed = settings.replace(/^( *masumi:modelApi: ).*$/m, `$1${url}`);
  if (changed === settings) throw new Error(`${stackFile} names no model.`);
  writeFileSync(stackFile, changed);
}
