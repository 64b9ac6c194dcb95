import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Gate } from "../../../portal/billing/gate.ts";
import { openGate } from "../../../portal/billing/index.ts";
import { startLocalBilling } from "../../../portal/billing/local.ts";
import { billingSettings } from "../../../portal/billing/settings.ts";
import { startServer } from "../server.ts";
import { ADA, BOB, PAGE } from "./billing.ts";
import { embedded, OPENS_WITHIN_MS, type TestDatabase } from "./databases.ts";

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await embedded();
}, OPENS_WITHIN_MS);
afterAll(() => database.close());
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "masumi-billing-local-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The billing of one start of the portal, with the database and the folder that all of them have. */
async function start() {
  const app = new Hono();
  const portal = await startServer((request) => app.fetch(request));
  const report = (error: unknown) => {
    throw error;
  };
  const local = await startLocalBilling({ folder, portalUrl: portal.url, report });
  const gate = await openGate({
    settings: billingSettings.parse(local.settings),
    queries: database,
    pageUrl: PAGE,
    report,
  });
  gate.routes?.(app);
  return {
    gate,
    async [Symbol.asyncDispose]() {
      await local.close();
      await portal.close();
    },
  };
}

async function pay(gate: Gate): Promise<void> {
  const url = await gate.checkout(ADA, PAGE);
  const paid = await fetch(url, { method: "POST", redirect: "manual" });
  expect(paid.status).toBe(303);
  await expect.poll(async () => (await gate.status(ADA)).state).toBe("active");
}

it("a plan that was paid for is still paid for after a restart, and can be managed", async () => {
  {
    await using portal = await start();
    await pay(portal.gate);
  }
  await using portal = await start();
  expect(await portal.gate.admit(ADA, 3)).toMatchObject({ admitted: true, allowed: 10 });
  expect(await portal.gate.status(ADA)).toMatchObject({ state: "active", plan: "Ten agents" });
  expect(await portal.gate.admit(BOB, 0)).toMatchObject({ admitted: false });
  const page = await fetch(await portal.gate.customerPortal(ADA, PAGE));
  expect(await page.text()).toContain("Ten agents");
});

it("keeps who customers are to whoever runs the portal", async () => {
  await using portal = await start();
  await pay(portal.gate);
  expect(statSync(join(folder, "billing.json")).mode & 0o777).toBe(0o600);
});

it.each(["{", '{"version":2}'])("names the file that it cannot read: %s", async (content) => {
  writeFileSync(join(folder, "billing.json"), content);
  await expect(start()).rejects.toThrow(/^BILLING_INVALID: [^]*billing\.json/);
});
