import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TryView, problem as problemSchema, tried } from "../../../portal/api/schemas.ts";
import {
  type TryOutcome,
  MOST_TRIES,
  beginTry,
  endTry,
  forgetTries,
} from "../../../portal/database/tries.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

let api: TestedApi;
let agentId: string;
let count = 0;
beforeAll(async () => {
  api = await startApi();
}, 300_000);
afterAll(() => api.close());
beforeEach(async () => {
  const response = await api.send("POST", "/agent", "anna", json(form(`Desk ${(count += 1)}`)));
  ({ agentId } = (await response.json()) as { agentId: string });
});

const seenBy = (user: string) => api.send("GET", `/agents/${agentId}/tries`, user);

async function triesFor(user: string): Promise<TryView[]> {
  const response = await seenBy(user);
  expect(response.status).toBe(200);
  return tried.array().parse(((await response.json()) as { tries: unknown }).tries);
}

/** A try of a user, under way or ended. */
async function aTry(userId: string, outcome?: TryOutcome, withinMs = 60_000): Promise<void> {
  const id = await beginTry(api.database, { agentId, userId, input: "Question: how?", withinMs });
  if (outcome) await endTry(api.database, id, outcome);
}

const ANSWERED = { state: "succeeded", text: "So." } as const;
const FAILED = { state: "failed", text: "The model is away." } as const;
const REFUSED = { state: "refused", text: "question: is too short" } as const;

describe("GET /agents/{id}/tries", () => {
  it.each([
    ["that is under way", undefined, { state: "running", endedAt: null, input: "Question: how?" }],
    ["that was answered", ANSWERED, { state: "succeeded", input: "Question: how?", answer: "So." }],
    ["that failed", FAILED, { state: "failed", problem: "The model is away." }],
    ["that was refused", REFUSED, { state: "refused", problem: "question: is too short" }],
  ] as const)("tells who asked of a try %s", async (_, outcome, told) => {
    await aTry("anna", outcome);
    expect(await triesFor("anna")).toMatchObject([told]);
  });

  it("shows one whose portal was killed as failed from its end on, and no longer as running", async () => {
    await aTry("anna", undefined, 0);
    const [one] = await triesFor("anna");
    expect(one).toMatchObject({ state: "failed", problem: expect.stringContaining("Ask again") as string });
    expect(one?.endedAt).toBe(one?.startedAt);
  });

  it.each([
    ["an operator, of a customer's", "anna", "operator-1"],
    ["an owner, of an operator's", "operator-1", "anna"],
  ])(
    "tells %s, when it was and how it ended, but not what was asked and answered",
    async (_, asker, reader) => {
      await aTry(asker, ANSWERED);
      await aTry(asker, FAILED);
      const seen = await triesFor(reader);
      expect(seen.map(({ state }) => state)).toEqual(["failed", "succeeded"]);
      for (const one of seen)
        expect(Object.keys(one).toSorted()).toEqual(["endedAt", "id", "startedAt", "state"]);
    },
  );

  it.each([
    ["another user", "mallory", 404],
    ["nobody", undefined, 401],
  ])("tells %s nothing", async (_, user, status) => {
    await aTry("anna", ANSWERED);
    const response = await api.send("GET", `/agents/${agentId}/tries`, user);
    expect(problemSchema.parse(await response.json())).toMatchObject({ status });
  });
});

describe("POST /agents/{id}/try", () => {
  it("notes what was asked by the form's names, a file as a file, and why it was refused", async () => {
    const file = `data:text/plain;name=a.txt;base64,${"YQ==".repeat(1000)}`;
    const input = { question: "how?", attached: [file], none: "" };
    const response = await api.send("POST", `/agents/${agentId}/try`, "anna", json({ input }));
    expect(response.status).toBe(409);
    const { detail } = problemSchema.parse(await response.json());
    expect(await triesFor("anna")).toMatchObject([
      { state: "refused", input: "Your question: how?\nattached: (a file)", problem: detail },
    ]);
  });

  it("notes nothing of a request that cannot be read, or that is for another's agent", async () => {
    const path = `/agents/${agentId}/try`;
    expect((await api.send("POST", path, "anna", json({ input: "x" }))).status).toBe(400);
    expect((await api.send("POST", path, "mallory", json({ input: {} }))).status).toBe(404);
    expect(await triesFor("anna")).toEqual([]);
  });
});

describe("what is kept of tries", () => {
  it(`is the newest ${MOST_TRIES} of an agent`, async () => {
    for (let number = 0; number < MOST_TRIES + 2; number += 1) {
      await aTry("anna", { state: "succeeded", text: `answer ${number}` });
    }
    const answers = (await triesFor("anna")).map(({ answer }) => answer);
    expect(answers).toHaveLength(MOST_TRIES);
    expect([answers[0], answers.at(-1)]).toEqual([`answer ${MOST_TRIES + 1}`, "answer 2"]);
  });

  it("is bounded, and text", async () => {
    const input = "\0\u{1F6B2}".repeat(50_000);
    const id = await beginTry(api.database, { agentId, userId: "anna", input, withinMs: 1000 });
    await endTry(api.database, id, { state: "succeeded", text: input });
    const [one] = await triesFor("anna");
    expect([one?.input?.length, one?.answer?.length]).toEqual([2000, 20_000]);
    expect(one?.answer).toMatch(/^\uFFFD\u{1F6B2}.*…$/su);
  });

  it("goes after its time", async () => {
    await aTry("anna", ANSWERED);
    await forgetTries(api.database, 1);
    expect(await triesFor("anna")).toHaveLength(1);
    await api.database.query("UPDATE portal_tries SET started_at = now() - interval '25 hours'");
    await forgetTries(api.database, 1);
    expect(await triesFor("anna")).toEqual([]);
  });
});
