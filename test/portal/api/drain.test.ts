import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Gate } from "../../../portal/billing/gate.ts";
import { noGate } from "../../../portal/billing/none.ts";
import { findAgents } from "../../../portal/database/agents.ts";
import { askedToBurn, openRequests } from "../../../portal/database/requests.ts";
import { drainLapsed } from "../../../portal/drain.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

vi.setConfig({ hookTimeout: 300_000 });

let api: TestedApi;
beforeAll(async () => void (api = await startApi()));
afterAll(() => api.close());

it("has the agents leave of users whose grace period is over, once, and nobody else's", async () => {
  for (const [user, name] of [
    ["anna", "Alpine desk"],
    ["anna", "Valley desk"],
    ["ben", "Harbour desk"],
  ] as const) {
    expect((await api.send("POST", "/agent", user, json(form(name)))).status).toBe(202);
  }
  const asked: (readonly string[] | undefined)[] = [];
  const gate: Gate = {
    ...noGate,
    lapsed: (_now, among) => {
      asked.push(among?.toSorted());
      return Promise.resolve(["anna"]);
    },
  };
  const { database } = api;
  await drainLapsed({ database, gate });
  await drainLapsed({ database, gate });
  expect(asked, "whose agents have all left is not asked about").toEqual([["anna", "ben"], ["ben"]]);
  const states = async (userId: string) => (await findAgents(database, { userId })).map(({ state }) => state);
  expect(await states("anna")).toEqual(["leaving", "leaving"]);
  expect(await states("ben")).toEqual(["accepted"]);
  const removals = (await openRequests(database, 100)).filter(({ kind }) => kind === "delete");
  expect(removals).toHaveLength(2);
  expect(await askedToBurn(database, 1), "nobody asked for it, so a run's limit on removals holds").toEqual(
    [],
  );
  const [first] = await findAgents(database, { userId: "anna" });
  for (const user of ["operator-olga", "anna"]) {
    expect((await api.send("DELETE", `/agents/${first?.id}`, user)).status).toBe(202);
    expect(await askedToBurn(database, 1), "a person has asked by now").toEqual([first?.id]);
  }
});

it("does nothing where nobody pays", async () => {
  await drainLapsed({ database: api.database, gate: noGate });
  expect((await openRequests(api.database, 100)).filter(({ kind }) => kind === "delete")).toHaveLength(2);
});
