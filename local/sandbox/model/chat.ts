import { createHash } from "node:crypto";
import { z } from "zod";
import { sampleOf } from "./sample.ts";

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(part)]).nullish(),
});
const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }),
});

export const chatSchema = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })])
    .nullish(),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z.looseObject({ schema: z.unknown().optional() }).optional(),
    })
    .nullish(),
});

type Chat = z.output<typeof chatSchema>;

const QUOTE_LENGTH = 200;
/** Answers are the same for the same request, so their time is fixed. */
const CREATED = 1_767_225_600;

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

function textOf({ content }: z.output<typeof message>): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((piece) => piece.text ?? "").join(" ");
}

/** What the stub says: plainly that it is one, what it was asked, and a digest of the whole request. */
function stubText(chat: Chat, digest: string): string {
  const asked = textOf(
    chat.messages.findLast((one) => one.role === "user") ?? chat.messages[0] ?? { role: "user" },
  )
    .replace(/\s+/g, " ")
    .trim();
  const quote = asked.length > QUOTE_LENGTH ? `${asked.slice(0, QUOTE_LENGTH)}…` : asked;
  return `This is a stub answer: no language model was asked. The request was: "${quote}" (digest ${digest.slice(0, 12)})`;
}

/** Programs that ask for the ReAct form look for these words; others would only be puzzled by them. */
function inAskedForm(chat: Chat, text: string): string {
  const wantsFinalAnswer = chat.messages.some((one) => textOf(one).includes("Final Answer:"));
  return wantsFinalAnswer ? `Thought: I now can give a great answer\nFinal Answer: ${text}` : text;
}

/** The tool that must be called: only when the request insists on one and no tool has answered yet. */
function demandedTool(chat: Chat) {
  const choice = chat.tool_choice;
  if (!chat.tools?.length || chat.messages.some((one) => one.role === "tool")) return undefined;
  if (choice === "required") return chat.tools[0];
  const name = typeof choice === "object" ? choice?.function?.name : undefined;
  return chat.tools.find((candidate) => candidate.function.name === name);
}

function answerOf(chat: Chat, digest: string) {
  const text = stubText(chat, digest);
  const demanded = demandedTool(chat);
  if (demanded) {
    const call = {
      id: `call_${digest.slice(0, 24)}`,
      type: "function",
      function: {
        name: demanded.function.name,
        arguments: JSON.stringify(sampleOf(demanded.function.parameters, text)),
      },
    };
    return {
      message: { role: "assistant", content: null, tool_calls: [call] },
      finish: "tool_calls",
      length: text.length,
    };
  }
  const format = chat.response_format?.type;
  const content =
    format === "json_schema"
      ? JSON.stringify(sampleOf(chat.response_format?.json_schema?.schema, text))
      : format === "json_object"
        ? JSON.stringify({ stub: true, answer: text })
        : inAskedForm(chat, text);
  return { message: { role: "assistant", content }, finish: "stop", length: content.length };
}

/** About four characters a token, as a rule of thumb. */
const tokens = (characters: number) => Math.max(1, Math.ceil(characters / 4));

export function completeChat(chat: Chat): { contentType: string; body: string } {
  const { stream: _stream, stream_options: _options, ...asked } = chat;
  const digest = digestOf(JSON.stringify(asked));
  const { message, finish, length } = answerOf(chat, digest);
  const prompt = tokens(chat.messages.reduce((sum, one) => sum + textOf(one).length, 0));
  const completion = tokens(length);
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const head = { id: `chatcmpl-stub-${digest.slice(0, 24)}`, created: CREATED, model: chat.model };
  if (!chat.stream) {
    const choice = { index: 0, message, logprobs: null, finish_reason: finish };
    const body = { ...head, object: "chat.completion", choices: [choice], usage, system_fingerprint: "stub" };
    return { contentType: "application/json", body: JSON.stringify(body) };
  }
  const chunk = (delta: object, reason: string | null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  });
  const calls = message.tool_calls?.map((call, index) => ({ index, ...call }));
  const pieces = (message.content ?? "").match(/\S+\s*/g) ?? [];
  const events = [
    chunk(
      {
        role: "assistant",
        content: message.content === null ? null : "",
        ...(calls && { tool_calls: calls }),
      },
      null,
    ),
    ...pieces.map((content) => chunk({ content }, null)),
    chunk({}, finish),
    ...(chat.stream_options?.include_usage
      ? [{ ...head, object: "chat.completion.chunk", choices: [], usage }]
      : []),
  ];
  const lines = [...events.map((event) => JSON.stringify(event)), "[DONE]"];
  return {
    contentType: "text/event-stream; charset=utf-8",
    body: lines.map((line) => `data: ${line}\n\n`).join(""),
  };
}
