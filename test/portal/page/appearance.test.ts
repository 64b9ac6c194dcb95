import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { buildPage } from "../../../portal/page/build.ts";
import { browserIsThere, openBrowser, openTab, signIn } from "./browser.ts";
import { type PortalDouble, startPortalDouble } from "./double/portal.ts";
import { seed } from "./double/seeds.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 });

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ADA = { id: "ada-example-com", email: "ada@example.com", isOperator: true };

const HOSTILE = [
  '<img src=x onerror="document.title=1"><script>alert(1)</script><style>*{display:none}</style>',
  "# Title\n[link](javascript:alert(1)) **bold** ![x](https://example.com/x.png) {{ 7*7 }} ${7*7}",
  "\u{1F9D1}\u200D\u{1F680}".repeat(1600),
  "\u202Eevil \u05E9\u05DC\u05D5\u05DD \u0645\u0631\u062D\u0628\u0627 \u202E".repeat(20),
  "W".repeat(3000),
  "Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E".repeat(100),
];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate<{ violations: Violation[] }>(
    "axe.run({ resultTypes: ['violations'] })",
  );
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`,
  );
}

/** How many pixels the page is wider than its window. */
const overflow = (page: Page) =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

describe.skipIf(!browserIsThere)("the page", () => {
  let browser: Browser;
  let double: PortalDouble;
  beforeAll(async () => {
    [browser] = await Promise.all([openBrowser(), buildPage()]);
    double = await startPortalDouble({ paceMs: Infinity, config: { billing: "stripe", registry: true } });
    double.world.billing.set(ADA.id, {
      state: "past_due",
      plan: "Team",
      allowed: 9,
      drainsAt: "2026-12-14T00:00:00Z",
    });
    seed(double.world, ADA);
  });
  afterAll(async () => {
    await browser.close();
    await double.close();
  });

  async function open(options: BrowserContextOptions) {
    const tab = await openTab(browser, double.url, { reducedMotion: "reduce", ...options });
    onTestFinished(() => tab.context.close());
    return tab;
  }

  /** Every page and what opens on it, each with a name. */
  async function walk(page: Page, look: (name: string) => Promise<void>): Promise<void> {
    await page.goto("/");
    await page.getByLabel("E-mail").waitFor();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await look("sign-in with a problem");
    await signIn(page, ADA.email, { operator: true });
    await page.getByRole("heading", { name: "Alpine Gear help desk" }).waitFor();
    await look("your agents");
    await page.goto("/create");
    await page.getByLabel("Document expert").check();
    await page
      .getByLabel("Add documents")
      .setInputFiles([{ name: "a.md", mimeType: "text/markdown", buffer: Buffer.from("a") }]);
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByText("problems to fix").waitFor();
    await look("create");
    await page.goto("/");
    await page.getByRole("link", { name: "Alpine Gear help desk" }).click();
    await page.getByText("17, by a score of 0.61").waitFor();
    await page.getByText("Refuses legal advice").waitFor();
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByRole("button", { name: "Change agent" }).click();
    await page.getByText("Earlier").click();
    for (const label of ["Answered", "Failed"]) {
      await page.locator("summary").filter({ hasText: label }).click();
    }
    await look("an agent");
    await page.getByRole("button", { name: "Delete agent" }).click();
    await look("delete");
    await page.goto("/");
    await page.getByRole("link", { name: "Market scout" }).click();
    await page.getByText("AGENT_NOT_ANSWERING").waitFor();
    await look("a failed agent");
    await page.goto("/costs");
    await page.getByText("25 h up").waitFor();
    await look("costs");
    for (const [tab, text] of [
      ["agents", "Market scout"],
      ["fleets", "17 of 100"],
      ["wallets", "412.83 ADA"],
      ["spent", "585 ADA"],
      ["costs", "no price"],
      ["drift", "Compared with"],
      ["runs", "3 agents"],
      ["runs/run-1", "2 resources created"],
      ["nowhere", "There is nothing here"],
    ] as const) {
      await page.goto(`/operations/${tab}`);
      await page.getByText(text).first().waitFor();
      await look(tab);
    }
  }

  it.each(["light", "dark"] as const)("has no axe violation (%s)", async (colorScheme) => {
    const { page, complaints } = await open({ colorScheme });
    const found: string[] = [];
    await walk(page, async (name) => {
      found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
    });
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each([
    [320, true],
    [1180, false],
  ])(
    "tells at %i pixels how far an agent is where its time line is below all else",
    async (width, isTold) => {
      const { page } = await open({ viewport: { width, height: 640 } });
      await signIn(page, ADA.email);
      await page.getByRole("link", { name: "Contract reader" }).click();
      await page.getByRole("heading", { name: "Time line" }).waitFor();
      expect(await page.getByText("Next: On the chain").isVisible()).toBe(isTold);
    },
  );

  it.each([320, 768])("fits into %i pixels", async (width) => {
    const { page } = await open({ viewport: { width, height: 640 } });
    const wide: string[] = [];
    await walk(page, async (name) => {
      if ((await overflow(page)) > 0) wide.push(name);
    });
    expect(wide).toEqual([]);
  });

  it("is dark where the system is, and does not move where nothing should", async () => {
    const { page } = await open({ colorScheme: "dark" });
    await signIn(page, ADA.email);
    await page.getByText("Registering", { exact: true }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(18, 22, 20)");
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
  });

  it("takes hostile texts for texts, and keeps its shape", async () => {
    const { page, complaints } = await open({ viewport: { width: 320, height: 640 } });
    const eve = { id: "eve-example-com", email: null, isOperator: false };
    const made = HOSTILE.map((text, index) => {
      const agent = double.world.create(eve, "researcher", { name: text, bio: text, description: text }, [
        { name: `${text.slice(0, 200)}.md`, text },
      ]);
      double.world.set(agent.agentId, {
        state: "failed",
        masumiId: "abc",
        url: "https://agents.example.com/x",
        createdAt: new Date(Date.now() + index).toISOString(),
        problem: { error: "E", detail: text, remedy: text },
        input: [{ id: "q", type: "textarea", name: text, data: { description: text, placeholder: text } }],
        deployments: [{ id: "r", state: "failed", startedAt: null, endedAt: null }],
      });
      const strange = { status: text, reason: text, uptimePercent: null, checks: null, checkedAt: null };
      double.world.registry.set(agent.agentId, {
        askedAt: new Date().toISOString(),
        problem: text,
        health: { ...strange, firstSeenAt: null, supersedes: null, rank: null },
      });
      return agent.agentId;
    });
    await signIn(page, "eve@example.com");
    await expect.poll(() => page.getByRole("article").count()).toBe(HOSTILE.length);
    expect(await overflow(page)).toBe(0);
    for (const [index, agentId] of made.entries()) {
      const text = HOSTILE[index] ?? "";
      await page.goto(`/agent/${agentId}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent()).toBe(text);
      await expect.poll(() => page.getByText("What the portal sees there:").count()).toBe(1);
      await page.locator("textarea").fill(text);
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByRole("region", { name: "Answer" }).waitFor();
      expect(await page.getByRole("region", { name: "Answer" }).textContent()).toContain(text);
      await page.locator("summary").filter({ hasText: "Answered" }).click();
      expect(await page.getByRole("region", { name: "Run of" }).textContent()).toContain(text);
      expect(
        await page.locator("main img, main script, main style, main b, main a[href^='javascript']").count(),
      ).toBe(0);
      expect([text.slice(0, 20), await overflow(page)]).toEqual([text.slice(0, 20), 0]);
    }
    expect(complaints).toEqual([]);
  });
});
