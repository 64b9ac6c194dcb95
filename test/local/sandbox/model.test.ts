import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";

interface Message {
  readonly content: string | null;
  readonly tool_calls?: { function: { name: string; arguments: string } }[];
}

describe("the stub model", () => {
  let sandbox: RunningSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.close());

  const post = (path: string, body: unknown) =>
    fetch(`${sandbox.url}/model/v1${path}`, {
      method: "POST",
      headers: { Authorization: "Bearer any-key", "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const user = (content: unknown) => [{ role: "user", content }];
  async function chat(more: object): Promise<{ message: Message; finish_reason: string; raw: unknown }> {
    const response = await post("/chat/completions", {
      model: "stub",
      messages: user("Write about ships"),
      ...more,
    });
    expect(response.status).toBe(200);
    const raw = (await response.json()) as { choices: { message: Message; finish_reason: string }[] };
    const [choice] = raw.choices;
    if (!choice) throw new Error("no choice");
    return { ...choice, raw };
  }

  it("says that it is a stub, quotes the request, and answers the same again", async () => {
    const { message, finish_reason, raw } = await chat({});
    expect(message.content).toContain("This is a stub answer: no language model was asked.");
    expect(message.content).toContain('"Write about ships"');
    expect(finish_reason).toBe("stop");
    expect(raw).toMatchObject({
      object: "chat.completion",
      model: "stub",
      usage: { total_tokens: expect.any(Number) as number },
    });
    expect((await chat({})).raw).toEqual(raw);
    const other = await chat({ messages: user("Write about trains") });
    expect(other.message.content).not.toBe(message.content);
  });

  it("reads content in parts, and gives the final answer in the form that is asked for", async () => {
    const { message } = await chat({
      messages: [
        { role: "system", content: "Reply with Thought: … and Final Answer: …" },
        ...user([{ type: "text", text: "Two parts" }, { type: "image_url" }]),
      ],
    });
    expect(message.content).toMatch(/^Thought: .*\nFinal Answer: This is a stub answer.*"Two parts"/);
  });

  it("streams the same text in pieces", async () => {
    const { message } = await chat({});
    const response = await post("/chat/completions", {
      model: "stub",
      messages: user("Write about ships"),
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const lines = (await response.text()).split("\n\n").filter((line) => line !== "");
    expect(lines.at(-1)).toBe("data: [DONE]");
    const chunks = lines.slice(0, -1).map(
      (line) =>
        JSON.parse(line.slice("data: ".length)) as {
          choices: { delta: { content?: string }; finish_reason: string | null }[];
          usage?: object;
        },
    );
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(message.content);
    expect(chunks.findLast((chunk) => chunk.choices.length > 0)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)?.usage).toMatchObject({ total_tokens: expect.any(Number) as number });
  });

  it.each([
    [
      "an object",
      { type: "object", properties: { valid: { type: "boolean" }, count: { type: "integer", minimum: 3 } } },
      { valid: true, count: 3 },
    ],
    ["a choice", { type: "object", properties: { kind: { enum: ["b", "a"] } } }, { kind: "b" }],
    [
      "references",
      {
        $defs: { Tag: { type: "object", properties: { n: { type: "number" } } } },
        type: "object",
        properties: { tags: { type: "array", items: { $ref: "#/$defs/Tag" } } },
      },
      { tags: [{ n: 1 }] },
    ],
    [
      "what may be null",
      { type: "object", properties: { size: { anyOf: [{ type: "null" }, { type: "integer" }] } } },
      { size: 1 },
    ],
  ])("answers %s when a JSON schema asks for it", async (_, schema, expected) => {
    const format = { type: "json_schema", json_schema: { name: "answer", schema } };
    const { message } = await chat({ response_format: format });
    expect(JSON.parse(message.content ?? "")).toEqual(expected);
  });

  it("puts its text where a schema asks for a string, and ends schemas that refer to themselves", async () => {
    const schema = {
      $defs: {
        Node: { type: "object", properties: { text: { type: "string" }, next: { $ref: "#/$defs/Node" } } },
      },
      $ref: "#/$defs/Node",
    };
    const { message } = await chat({ response_format: { type: "json_schema", json_schema: { schema } } });
    expect((JSON.parse(message.content ?? "") as { text: string }).text).toContain("This is a stub answer");
  });

  it("calls a tool only when it must, and then finishes", async () => {
    const tools = [
      {
        type: "function",
        function: {
          name: "search",
          parameters: { type: "object", properties: { query: { type: "string" } } },
        },
      },
      {
        type: "function",
        function: { name: "count", parameters: { type: "object", properties: { n: { type: "integer" } } } },
      },
    ];
    expect((await chat({ tools })).finish_reason).toBe("stop");
    expect((await chat({ tools, tool_choice: "auto" })).finish_reason).toBe("stop");
    const forced = await chat({ tools, tool_choice: { type: "function", function: { name: "count" } } });
    expect(forced.finish_reason).toBe("tool_calls");
    expect(forced.message).toMatchObject({
      content: null,
      tool_calls: [{ function: { name: "count", arguments: '{"n":1}' } }],
    });
    expect((await chat({ tools, tool_choice: "required" })).message.tool_calls?.[0]?.function.name).toBe(
      "search",
    );
    const after = [...user("Write"), { role: "assistant", content: null }, { role: "tool", content: "7" }];
    expect((await chat({ tools, tool_choice: "required", messages: after })).finish_reason).toBe("stop");
  });

  it("embeds texts so that like is near like", async () => {
    const input = ["red apples and green apples", "green apples", "the stock exchange of Zurich"];
    const response = await post("/embeddings", { model: "stub", input });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    const [first = [], second = [], third = []] = data.map((one) => one.embedding);
    const near = (a: number[], b: number[]) =>
      a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    expect(near(first, first)).toBeCloseTo(1);
    expect(near(first, second)).toBeGreaterThan(near(first, third));
    const packed = await post("/embeddings", { model: "stub", input: input[0], encoding_format: "base64" });
    const [{ embedding } = { embedding: "" }] = ((await packed.json()) as { data: { embedding: string }[] })
      .data;
    const bytes = Buffer.from(embedding, "base64");
    expect(bytes.readFloatLE(4 * first.findIndex((value) => value !== 0))).toBeCloseTo(
      first.find((value) => value !== 0) ?? 0,
    );
  });

  it.each([
    ["/chat/completions", "{", 400, "not JSON"],
    ["/chat/completions", { model: "stub", messages: [] }, 400, "messages: "],
    ["/embeddings", { model: "stub" }, 400, "input: "],
    ["/responses", {}, 404, "has no POST /model/v1/responses"],
  ])("refuses POST %s with %j", async (path, body, status, message) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(message);
  });
});
