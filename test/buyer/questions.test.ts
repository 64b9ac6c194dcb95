import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { typist } from "./typist.ts";
import { Market } from "./market.ts";
import { type Behaviour, sha256 } from "./seller.ts";

let market: Market;
beforeEach(async () => void (market = await Market.open()));
afterEach(() => market[Symbol.asyncDispose]());

const colour = {
  id: "answer",
  type: "textarea",
  name: "Your answer",
  data: { description: "Which colour?\nA \u001b[31mwarm\u001b[0m one?" },
};
const size = { id: "size", type: "option", name: "Size", data: { values: ["small", "large"] } };
const count = { id: "count", type: "number", name: "How many" };
const TOPIC = ["--input", "topic=Heat pumps"];

describe("an agent that asks in the middle of a job", () => {
  it("without a terminal the command says what is asked and how to answer, and goes on", async () => {
    const seller = await market.seller({ asks: [colour, size] });
    const first = await market.project.run("hire", seller.url, ...TOPIC);
    expect(first).toMatchObject({ exitCode: 3, stdout: "" });
    expect(first.stderr).toContain("  Which colour?\n  A \\u001b[31mwarm\\u001b[0m one?\n");
    const said = /^Answer with: npx masumi-agents hire --resume (\w+) --answer answer=…$/m.exec(first.stderr);
    const [, id = ""] = said ?? [];

    const second = await market.project.run("hire", "--resume", id, "--answer", "answer=blue", "--json");
    expect(second).toMatchObject({ exitCode: 3 });
    expect(JSON.parse(second.stdout)).toMatchObject({
      version: 1,
      id,
      outcome: "question",
      result: null,
      question: { input_data: [size] },
    });
    expect(await market.resume(id, false, { answers: ["size=1"] })).toMatchObject({ outcome: "result" });
    const [{ job_id }] = seller.answers as [{ job_id: string }];
    expect(seller.answers).toEqual([
      { job_id, status_id: "question-0", input_data: { answer: "blue" } },
      { job_id, status_id: "question-1", input_data: { size: "large" } },
    ]);
    expect(market.project.read(`.masumi/hires/${id}.json`)).not.toMatch(/blue/);
  });

  it("for free waits for its answer, too", async () => {
    const seller = await market.seller({ price: "Free", asks: [colour] });
    const { id, outcome } = await market.hire(seller.url);
    expect(outcome).toBe("question");
    expect(await market.resume(id, false, { answers: ["answer=blue"] })).toMatchObject({ outcome: "result" });
  });

  it("is answered at once by --answer, with the question's hash where a status has no id", async () => {
    const seller = await market.seller({ asks: [count], isWithoutStatusIds: true });
    expect(await market.hire(seller.url, { answers: ["count=3"] })).toMatchObject({ outcome: "result" });
    const schema = '{"input_data":[{"id":"count","name":"How many","type":"number"}]}';
    expect(seller.answers).toMatchObject([{ input_schema_hash: sha256(schema), input_data: { count: 3 } }]);
  });

  it("is answered at the terminal, each field until what is typed fits", async () => {
    const seller = await market.seller({ asks: [count, colour, size] });
    const prompter = typist("three", "3", "@/nowhere", "blue", "1");
    expect(await market.hire(seller.url, { prompter })).toMatchObject({ outcome: "result" });
    expect(seller.answers.map(({ input_data }) => input_data)).toEqual([
      { count: 3 },
      { answer: "blue" },
      { size: "large" },
    ]);
    expect(prompter.labels).toEqual(["How many: ", "How many: ", "Your answer: ", "Your answer: ", "Size: "]);
    expect(market.said.join("\n")).toMatch(
      /count: must be a number[\s\S]*Which colour\?[\s\S]*cannot be read[\s\S]*1 {2}large/,
    );
  });

  it("whom nobody answers any more waits", async () => {
    const seller = await market.seller({ asks: [colour, colour] });
    const prompter = typist("blue");
    expect(await market.hire(seller.url, { prompter })).toMatchObject({ outcome: "question" });
    expect(seller.answers).toHaveLength(1);
  });

  it("may be left without an answer where it may be left out", async () => {
    const draft = { ...colour, validations: [{ validation: "optional", value: "true" }] };
    const seller = await market.seller({ asks: [draft] });
    const { id } = await market.hire(seller.url);
    expect(await market.resume(id, false, { answers: ["answer="] })).toMatchObject({ outcome: "result" });
    expect(seller.answers).toMatchObject([{ input_data: {} }]);
  });

  it.each<[string, NonNullable<Behaviour["firstAnswer"]>, number]>([
    ["that was not taken: sends it again", { isTaken: false, status: 503 }, 2],
    ["that was taken: sends it no more", { isTaken: true, status: 503 }, 1],
  ])("whose answer to the answer is lost, %s", async (_, firstAnswer, times) => {
    const seller = await market.seller({ asks: [colour], firstAnswer });
    expect(await market.hire(seller.url, { answers: ["answer=blue"] })).toMatchObject({ outcome: "result" });
    expect(seller.answers).toHaveLength(times);
  });

  const refusal = {
    isTaken: false,
    status: 400,
    body: { message: "Only warm colours", problems: ["answer: no"] },
  };

  it.each<[string, Behaviour, string[], RegExp]>([
    ["another field", { asks: [colour] }, ["color=blue"], /color: is not a field[\s\S]*answer: is required/],
    ["no number", { asks: [count] }, ["count=three"], /count: must be a number/],
    [
      "what the agent refuses",
      { asks: [colour], firstAnswer: refusal },
      ["answer=blue"],
      /Only warm colours/,
    ],
  ])("refuses %s, and the question stays open", async (_, behaviour, answers, message) => {
    const { url } = await market.seller(behaviour);
    const [error] = await market.hire(url, { answers }).then(
      () => [],
      (reason: Error) => [reason],
    );
    expect(error).toMatchObject({ code: "HIRE_ANSWER_INVALID", isOpen: true });
    expect(error?.message).toMatch(message);
    expect(error?.message).toContain(`hire --resume ${market.hires()[0]}`);
    expect(await market.resume(market.hires()[0] ?? "")).toMatchObject({ outcome: "question" });
  });

  it("what the agent refuses at the terminal is asked for again", async () => {
    const seller = await market.seller({ asks: [colour], firstAnswer: refusal });
    expect(await market.hire(seller.url, { prompter: typist("blue", "red") })).toMatchObject({
      outcome: "result",
    });
    expect(market.said.join("\n")).toContain("Only warm colours");
  });

  it("an answer that nothing asked for is told", async () => {
    const { url } = await market.seller();
    const { exitCode, stderr } = await market.project.run("hire", url, ...TOPIC, "--answer", "answer=blue");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("--answer was not used");
  });
});
