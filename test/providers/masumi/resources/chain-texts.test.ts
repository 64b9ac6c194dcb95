import { describe, expect, test } from "vitest";
import { answering, numbered, posts, states } from "../agent.ts";
import { V1, V2, confirmationOf, failureOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { type Service, WORLDS, startService } from "../service.ts";

const LONG_TAG = "я".repeat(33);

/** Registers agents that land in one V2 batch; the second has a tag that the chain refuses, put there past our checks. */
async function failedBatch(service: Service) {
  const run = startRun(service.url);
  const agents = [];
  for (const index of [0, 1, 2]) {
    const inputs = numbered(index);
    agents.push({ inputs, ...(await run.create(inputs)) });
  }
  const [, guilty] = agents;
  await service.patch(guilty?.id ?? "", { Tags: [LONG_TAG] });
  await service.advance(20);
  expect(await states(service)).toEqual(Array.from({ length: 3 }, () => "RegistrationFailed"));
  return { run, agents, guilty };
}

describe.concurrent("a V2 batch that fails for one agent's tag", () => {
  test("tells the innocent whose fault it was, and the guilty that it was theirs", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { run, agents, guilty } = await failedBatch(service);
    const failures = [];
    for (const { id, inputs } of agents)
      failures.push(await failureOf(run.confirm(confirmationOf(id, inputs))));
    const failed = (said: RegExp) => ({ code: "REGISTRATION_FAILED", message: expect.stringMatching(said) });
    const innocent = failed(
      new RegExp(
        `not its own but that of "Agent 1" \\(registration ${guilty?.id}\\).*MAX_LENGTH_LIMIT.*needs no change: run up`,
      ),
    );
    expect(failures).toMatchObject([
      innocent,
      failed(
        /The text that the chain refused is its own: "я+" \(66 bytes.*MAX_LENGTH_LIMIT.*Shorten it, then run up/,
      ),
      innocent,
    ]);
  });

  test("tells it when the failed registration is read again", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const { agents } = await failedBatch(service);
    const [innocent] = agents;
    if (!innocent) throw new Error("no agent");
    const run = startRun(service.url, { engine });
    await run.read(innocent.id, innocent.outs);
    await run.session.flush();
    expect(engine.said()).toMatch(/is not its own but that of "Agent 1"/);
  });

  test("names nobody where the list does not have the other agent", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const run = startRun(service.url);
    const { id } = await run.create(inputs);
    await service.patch(id, {
      state: "RegistrationFailed",
      error: `Evaluate redeemers failed: MAX_LENGTH_LIMIT (Metadatum value '${LONG_TAG}' is too long. Length is 66.)`,
    });
    expect((await failureOf(run.confirm(confirmationOf(id, inputs)))).message).toMatch(
      /not its own but of an agent that is not in the list/,
    );
  });

  test("any other failure is nobody's", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const run = startRun(service.url);
    const { id } = await run.create(inputs);
    await service.patch(id, { state: "RegistrationFailed", error: "The chain is closed on Sundays." });
    const { message } = await failureOf(run.confirm(confirmationOf(id, inputs)));
    expect(message).not.toContain("its own");
    expect(message).toMatch(/closed on Sundays.*registers the agent again/);
  });
});

describe.concurrent("a text that the chain would refuse", () => {
  test.each([V1, V2])("is not sent: a tag on $type", async (wallet) => {
    await using service = await startService();
    const failure = await failureOf(
      startRun(service.url).create(answering({ wallet, listing: { tags: [LONG_TAG] } })),
    );
    expect(failure).toMatchObject({
      code: "TEXT_TOO_LONG",
      message: expect.stringMatching(/"я+" in one piece of 66/),
    });
    expect(await posts(service)).toBe(0);
  });

  test.each(["release 0.20", "release 0.21"] as const)(
    "depends on the service: %s counts characters",
    async (world) => {
      await using service = await startService({ world: WORLDS[world], chainSpeed: "instant" });
      const run = startRun(service.url);
      const create = (description: string) => run.create(answering({ wallet: V1, listing: { description } }));
      const failure = await failureOf(create("漢".repeat(22)));
      expect(failure).toMatchObject({ code: "TEXT_TOO_LONG", message: expect.stringMatching(/at most 64/) });
      expect(await posts(service)).toBe(0);
      // 60 letters of one byte, and 21 of three, are pieces of 60 and 63 bytes.
      const { id } = await create(`${"a".repeat(60)}${"漢".repeat(21)}`);
      expect(await states(service)).toEqual(["RegistrationConfirmed"]);
      expect(id).not.toBe("");
    },
  );
});
