/** A customer's whole way through the real portal in a real browser: sandbox, shared crew, embedded engine, documents. */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { drift, fleet, runWithLog, spending, wallet } from "../../portal/api/operator/schemas.ts";
import { run } from "../../portal/api/schemas.ts";
import { type RunningPortal, startPortal } from "../../portal/portal.ts";
import { readSettings } from "../../portal/settings.ts";
import { type CrewInstance, stopCrew } from "../../providers/crew-process/local/index.ts";
import { openProject, stopSandbox } from "../../stacks/index.ts";
import { crewEnvironment } from "../helpers/project.ts";
import { placeDatabase } from "./database/ready.ts";
import { type TellingModel, startTellingModel, useModel } from "./telling-model.ts";
import { browserIsThere, openBrowser, openTab, signIn } from "./page/browser.ts";

vi.setConfig({ testTimeout: 400_000, hookTimeout: 300_000 });

/** A run starts the crew service, which on a busy machine takes a while. */
const RUN = { timeout: 180_000 };

const HARBOUR =
  "# Harbour rules\n\nThe pilot fee of Brimhaven is 417 crowns, to be paid at the lighthouse.\n";
const TIDES = "# Tides\n\nHigh water at Brimhaven is two hours behind the cathedral's bells.\n";

describe.skipIf(!browserIsThere)("a customer", () => {
  let folder: string;
  let portal: RunningPortal;
  let browser: Browser;
  let model: TellingModel;
  const said: string[] = [];

  beforeAll(async () => {
    await crewEnvironment();
    folder = mkdtempSync(join(tmpdir(), "portal-"));
    await placeDatabase(join(folder, "database"));
    const settings = readSettings({
      PORTAL_FOLDER: folder,
      PORTAL_PORT: "0",
      PORTAL_CHAIN_SPEED: "instant",
      PORTAL_BATCH_MS: "100",
    });
    [model, portal, browser] = await Promise.all([
      startTellingModel(),
      startPortal({ settings, env: { ...process.env, CI: "false" }, say: (line) => said.push(line) }),
      openBrowser(),
    ]);
    useModel(join(folder, "project/Pulumi.local-customers-01.yaml"), model.url);
  });
  afterAll(async () => {
    await browser.close();
    await portal.close();
    await model.close();
    for (const record of globSync(join(folder, "project/.masumi/stacks/*/crews/*/process.json"))) {
      await stopCrew(JSON.parse(readFileSync(record, "utf8")) as CrewInstance);
    }
    await stopSandbox(openProject(join(folder, "project")));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("creates an agent with documents, asks it what only they say, changes it on the chain, and deletes it", async () => {
    const { page, complaints } = await openTab(browser, portal.url);
    const documents = Object.entries({ "harbour.md": HARBOUR, "tides.md": TIDES }).map(([name, text]) => ({
      name,
      mimeType: "text/markdown",
      buffer: Buffer.from(text),
    }));
    const identifier = () => page.locator("dd code").first().getAttribute("title");
    const isLive = () => page.getByText("Your agent is live").first().waitFor(RUN);
    await signIn(page);
    await page.getByRole("link", { name: "Create AI agent" }).click();
    await page.getByLabel("Support desk").check();
    await page.getByLabel("Name", { exact: true }).fill("Harbour guide");
    await page.getByLabel("Bio").fill("Knows the harbour of Brimhaven.");
    await page.getByLabel("Description").fill("Answers questions on the harbour.");
    await page.getByLabel("Add documents").setInputFiles(documents);
    await page.getByRole("button", { name: "Create AI agent" }).click();

    // Refused without a subscription, which the stand-in for Stripe sells; what was written is still there afterwards.
    await page.getByText("A subscription is needed").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Choose a plan" }).click();
    await page.getByRole("button", { name: "Pay" }).click();
    await page.getByRole("heading", { name: "Create AI agent" }).waitFor();
    expect(await page.getByLabel("Bio").inputValue()).toBe("Knows the harbour of Brimhaven.");
    await page.getByLabel("Add documents").setInputFiles(documents);
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByRole("heading", { name: "Harbour guide" }).waitFor();
    await isLive();
    const first = await identifier();
    expect(first).toMatch(/^[0-9a-f]{57,}$/);

    // The model says again what it was sent: the passages that the question found among the documents.
    await page.getByLabel("Your question").fill("How high is the pilot fee of Brimhaven?");
    await page.getByRole("button", { name: "Ask" }).click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.waitFor(RUN);
    expect(await answer.innerText()).toContain("417 crowns");
    const runs = page.getByRole("region", { name: "Last runs" });
    await runs.getByText("Your question: How high is the pilot fee of Brimhaven?").first().click();
    expect(await runs.getByRole("region", { name: "Run of" }).innerText()).toContain("417 crowns");

    await page.getByRole("button", { name: "Change agent" }).click();
    await page.getByLabel("Description").fill("Answers questions on the harbour and its tides.");
    await page.getByLabel("Bio").fill("Knows the harbour of Brimhaven by heart.");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByText("Your change is on its way.").first().waitFor();
    await isLive();
    // An update in place gives the agent another identifier.
    expect(await identifier()).not.toBe(first);
    await page.getByText("Knows the harbour of Brimhaven by heart.").waitFor();

    await page.getByRole("button", { name: "Delete agent" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name of the agent").fill("Harbour guide");
    await dialog.getByRole("button", { name: "Delete agent" }).click();
    await page.getByText("This agent has left the network.").first().waitFor(RUN);
    expect(complaints.filter((text) => !text.includes("402"))).toEqual([]);
    await page.context().close();
  });

  it("is all that operators see of fleets, wallets, spending, drift and runs", async () => {
    const signedIn = await fetch(`${portal.url}/sign-in`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: "operator@example.com", operator: true }),
    });
    const { token } = (await signedIn.json()) as { token: string };
    const seen = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
      const response = await fetch(`${portal.url}/operator/${path}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      return schema.parse(await response.json());
    };
    const { fleets } = await seen("fleets", z.object({ fleets: z.array(fleet) }));
    expect(fleets).toMatchObject([{ id: "customers-01", agents: 0, state: "deployed" }]);
    expect(fleets[0]?.deployedCommit).toMatch(/^[0-9a-f]{40}$/);
    const { wallets } = await seen("wallets", z.object({ wallets: z.array(wallet) }));
    expect(wallets).toMatchObject(
      ["V2", "V1"].map((type) => ({ type, fleets: ["customers-01"], low: false, detail: null })),
    );
    for (const { ada } of wallets) expect(Number(ada)).toBeGreaterThan(10);
    const { fees, locked, days } = await seen("spent", spending);
    expect(days).toEqual([{ day: new Date().toISOString().slice(0, 7), fees, registrations: 1 }]);
    expect(Number(fees)).toBeGreaterThan(0);
    expect(Number(locked)).toBe(0);
    expect(await seen("drift", drift)).toMatchObject({ drift: [], checkedAt: expect.any(String) as string });
    const { runs } = await seen("runs", z.object({ runs: z.array(run) }));
    expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
    const { log } = await seen(`runs/${runs.at(-1)?.id}`, runWithLog);
    expect(log).toContain("AgentRegistration");
  });
});
