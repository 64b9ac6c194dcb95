import { describe, expect, test } from "vitest";
import { STATES } from "../../../../providers/masumi/service/model.ts";
import { answering, burns, live, posts, registered } from "../agent.ts";
import { V1, V2, confirmationOf, failureOf } from "../inputs.ts";
import { type Run, startRun } from "../run.ts";
import { type Service, startService } from "../service.ts";
import { NEXT_RELEASE, STRANGE_ROWS, addStrangeRows } from "../strange-rows.ts";

const start = () => startService({ world: NEXT_RELEASE, chainSpeed: "instant" });

describe.concurrent("entries of others that nobody understands", () => {
  test.each([V1, V2])("are in nobody's way: a whole life on $type", async (wallet) => {
    await using service = await start();
    await addStrangeRows(service);
    const inputs = answering({ wallet });
    const { id, outs, agentIdentifier } = await registered(service, inputs);
    expect(agentIdentifier).not.toBe("");

    const run = startRun(service.url);
    expect(await run.read(id, outs)).toMatchObject({ id, props: { state: "RegistrationConfirmed" } });
    if (wallet === V2) {
      const changed = answering({ wallet, listing: { description: "Changed." } });
      const updated = await run.update(id, outs, changed);
      await run.confirm(confirmationOf(id, changed, { revision: updated.revision }));
    }
    await startRun(service.url).remove(id, outs);
    expect(await live(service)).toHaveLength(2 * STRANGE_ROWS.length);
    expect([await posts(service), await burns(service)]).toEqual([1, 1]);
  });

  test("change while they are there", async () => {
    await using service = await start();
    const { id, outs } = await registered(service);
    const { id: foreign } = await service.insert({ wallet: V2.vkey, ...STRANGE_ROWS[4] });
    const run = startRun(service.url);
    expect(await run.read(id, outs)).toMatchObject({ id });
    await service.patch(foreign, { shownAs: {}, state: "DeregistrationConfirmed" });
    await run.remove(id, outs);
    expect(await burns(service)).toBe(1);
  });
});

/** Shows a registration as this version cannot understand it. */
const SHOWN_OTHERWISE: [what: string, fields: Record<string, unknown>, said: RegExp][] = [
  ["as another type", { type: "Acp" }, /it is of the type Acp/],
  ["without a URL", { apiBaseUrl: null }, /apiBaseUrl: missing/],
  ["without an author", { Author: null }, /Author: .*object/],
  ["at a price of no known type", { AgentPricing: { pricingType: "Auction" } }, /AgentPricing\.pricingType/],
];

describe.each(SHOWN_OTHERWISE)("our own registration, shown %s", (_what, shownAs, said) => {
  async function shownOtherwise(service: Service) {
    const agent = await registered(service);
    await service.patch(agent.id, { shownAs });
    await service.resetRequests();
    return agent;
  }
  const expected = (id: string) => ({
    code: "ENTRY_NOT_UNDERSTOOD",
    message: expect.stringMatching(new RegExp(`${id}.*${said.source}.*Update masumi-agents`)),
  });

  test("is an error by name in every step, and nothing is sent", async () => {
    await using service = await start();
    const { id, outs, inputs } = await shownOtherwise(service);
    const changed = answering({ listing: { description: "Changed." } });
    const steps: Record<string, (run: Run) => Promise<unknown>> = {
      read: (run) => run.read(id, outs),
      confirm: (run) => run.confirm(confirmationOf(id, inputs)),
      readConfirmation: (run) =>
        run.readConfirmation(id, {
          ...confirmationOf(id, inputs),
          stateVersion: 1,
          agentIdentifier: "",
          state: "",
          txHash: "",
          feeLovelace: "",
          lockedLovelace: "",
        }),
      update: (run) => run.update(id, outs, changed),
      create: (run) => run.create(inputs),
      remove: (run) => run.remove(id, outs),
    };
    const failures: Record<string, unknown> = {};
    for (const [step, take] of Object.entries(steps)) {
      failures[step] = await failureOf(take(startRun(service.url)));
    }
    expect(failures).toMatchObject(
      Object.fromEntries(Object.keys(steps).map((step) => [step, expected(id)])),
    );
    const sent = Object.keys(await service.requests()).filter((route) => !route.startsWith("GET "));
    expect(sent).toEqual([]);
  });
});

describe("a registration of ours that is over", () => {
  test.each(STATES.filter((state) => ["RegistrationFailed", "DeregistrationConfirmed"].includes(state)))(
    "may look as it likes: %s",
    async (state) => {
      await using service = await start();
      const inputs = answering();
      await service.insert({
        wallet: V2.vkey,
        name: "old",
        description: "",
        type: "OpenApi",
        apiBaseUrl: null,
        Tags: [inputs.marker],
        state,
      });
      await registered(service, inputs);
      expect(await posts(service)).toBe(1);
    },
  );
});

describe("a list that cannot be understood", () => {
  test.each(["remove", "confirm", "update"] as const)(
    "ends %s at once, with the route and the place",
    async (step) => {
      await using service = await start();
      const { id, outs, inputs } = await registered(service);
      const { id: foreign } = await service.insert({ wallet: V2.vkey, ...STRANGE_ROWS[0] });
      await service.patch(foreign, { shownAs: { id: 7 } });
      await service.resetRequests();
      const run = startRun(service.url);
      const steps = {
        remove: () => run.remove(id, outs),
        confirm: () => run.confirm(confirmationOf(id, inputs)),
        update: () => run.update(id, outs, answering({ listing: { description: "Changed." } })),
      };
      expect(await failureOf(steps[step]())).toMatchObject({
        code: "ANSWER_UNEXPECTED",
        message: expect.stringMatching(/\[GET\] \S+\/registry: .*Assets\.0\.id: .*string/),
      });
      expect((await service.requests())["GET /registry"]).toBe(1);
    },
  );
});
