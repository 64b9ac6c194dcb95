import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { buildPage } from "../../../portal/page/build.ts";
import { browserIsThere, openBrowser, openTab, signIn } from "./browser.ts";
import { startIssuerDouble } from "./double/issuer.ts";
import { CONFIGURATION } from "./double/world.ts";
import { type DoubleOptions, type PortalDouble, startPortalDouble } from "./double/portal.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const BIO = "Friendly, to the point, never guesses.";
const CLIENT = { clientId: "portal-page", audience: "https://portal.example.com" };

/** Notes every state that an agent is shown in, since some last for a moment only. */
const WATCH_STATES = `
  window.seen = new Set();
  new MutationObserver(() => document.querySelectorAll(".badge").forEach((badge) => window.seen.add(badge.textContent)))
    .observe(document.body, { subtree: true, childList: true, characterData: true });
`;

describe.skipIf(!browserIsThere)("the page", () => {
  let browser: Browser;
  let double: PortalDouble;
  beforeAll(async () => {
    [browser] = await Promise.all([openBrowser(), buildPage()]);
  });
  afterEach(() => double.close());
  afterAll(() => browser.close());

  /** A portal of its own for a test, and somebody who looks at it. The page's complaints are the test's failures. */
  async function visit(options: DoubleOptions = {}, allowed = /^$/) {
    double = await startPortalDouble(options);
    const tab = await openTab(browser, double.url);
    onTestFinished(() => tab.context.close());
    const noComplaints = () => expect(tab.complaints.filter((text) => !allowed.test(text))).toEqual([]);
    return { ...tab, noComplaints };
  }
  const posts = () => double.requests.get("POST /agent") ?? 0;
  const fill = async (page: Awaited<ReturnType<typeof visit>>["page"], name: string) => {
    await page.getByLabel("Support desk").check();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Bio").fill(BIO);
    await page.getByLabel("Description").fill("Answers questions on orders.");
  };
  const files = [
    {
      name: "returns.md",
      mimeType: "text/markdown",
      buffer: Buffer.from("Worn boots are taken back within 90 days."),
    },
    { name: "care.txt", mimeType: "text/plain", buffer: Buffer.from("Wash at 30 degrees.") },
  ];

  it("shows what the network's registry says, where the portal asks it, and why if it does not answer", async () => {
    const { page, noComplaints } = await visit({ config: { registry: true }, paceMs: 5 });
    await signIn(page);
    await page.getByRole("link", { name: "Create AI agent" }).click();
    await fill(page, "Seen desk");
    await page.getByRole("button", { name: "Create AI agent" }).click();
    const panel = page.getByRole("region", { name: "In the registry" });
    await panel.getByText("Not listed").waitFor();
    const [agentId = ""] = double.world.agents.keys();
    const unknown = { uptimePercent: null, checks: null, checkedAt: null, firstSeenAt: null };
    const invalid = { ...unknown, status: "Invalid", reason: "no connection", supersedes: null, rank: null };
    const askedAt = new Date().toISOString();
    double.world.registry.set(agentId, { askedAt, problem: null, health: invalid });
    await page.reload();
    await panel.getByText("What the portal sees there: no connection").waitFor();
    expect(await panel.getByText("Rank").count()).toBe(0);
    double.world.registry.set(agentId, { askedAt, problem: "It does not answer at present.", health: null });
    await page.reload();
    await panel.getByText("It does not answer at present.").waitFor();
    expect(await panel.locator(".badge").count()).toBe(0);
    noComplaints();
  });

  it("does not ask for what the registry says where the portal does not", async () => {
    const { page, noComplaints } = await visit({ paceMs: 5 });
    await signIn(page);
    await page.getByRole("link", { name: "Create AI agent" }).click();
    await fill(page, "Quiet desk");
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByText("Your agent is live").first().waitFor();
    expect(await page.getByRole("region", { name: "In the registry" }).count()).toBe(0);
    expect([...double.requests.keys()].filter((key) => key.endsWith("/registry"))).toEqual([]);
    noComplaints();
  });

  it("takes a customer from the sign-in over payment to an agent that is registered, asked, changed and deleted", async () => {
    const { page, noComplaints } = await visit({ config: { billing: "stripe" } }, /402/);
    await signIn(page);
    await page.getByText("Choose a plan to create agents").waitFor();
    await page.getByRole("link", { name: "Create AI agent" }).click();
    await fill(page, "Alpine desk");
    await page.getByText("Choose a plan before you add documents").waitFor();
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByText("What you wrote is kept.", { exact: false }).waitFor();
    await page.getByLabel("Add documents").setInputFiles(files);
    await page.getByRole("button", { name: "Create AI agent" }).click();

    // Refused without a subscription: pay, come back, and find what was written.
    await page.getByText("documents have to be added again").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Choose a plan" }).click();
    await page.getByRole("button", { name: "Pay 20 EUR" }).click();
    await page.getByRole("heading", { name: "Create AI agent" }).waitFor();
    expect(await page.getByLabel("Bio").inputValue()).toBe(BIO);
    await expect.poll(() => page.getByText(/Choose a plan (to create|before)/).count()).toBe(0);
    await page.getByLabel("Add documents").setInputFiles(files);
    await page.evaluate(WATCH_STATES);
    await page.getByRole("button", { name: "Create AI agent" }).click();

    // It moves by itself.
    await page.getByRole("heading", { name: "Alpine desk" }).waitFor();
    await page.getByText("Your agent is live").first().waitFor();
    expect(await page.evaluate("[...window.seen]")).toEqual(
      expect.arrayContaining(["Registering", "Registered"]),
    );
    expect(
      await page.getByRole("list", { name: "Time line" }).getByRole("listitem").allInnerTexts(),
    ).toHaveLength(6);
    expect(await page.getByRole("list", { name: "Documents" }).innerText()).toContain("returns.md");

    await page.getByLabel("Question").fill("How long are boots taken back?");
    await page.getByRole("button", { name: "Ask" }).click();
    expect(await page.getByRole("region", { name: "Answer" }).innerText()).toContain("within 90 days");

    await page.getByRole("button", { name: "Change agent" }).click();
    await page.getByLabel("Bio").fill("Strict and brief.");
    await page.getByLabel("care.txt").check();
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect.poll(() => page.evaluate("[...window.seen].join()")).toContain("Updating");
    await page.getByText("Your agent is live").first().waitFor();
    expect(await page.getByText("Strict and brief.").count()).toBe(1);
    expect(await page.getByText("care.txt").count()).toBe(0);

    await page.getByRole("button", { name: "Delete agent" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name of the agent").fill("Alpine");
    await dialog.getByRole("button", { name: "Delete agent" }).click();
    await dialog.getByText("This is not the agent's name").waitFor();
    expect(double.requests.get("DELETE")).toBeUndefined();
    await dialog.getByLabel("Name of the agent").fill("Alpine desk");
    await dialog.getByRole("button", { name: "Delete agent" }).click();
    await page.getByText("This agent has left the network.").first().waitFor();
    const facts = page.getByRole("region", { name: "Facts" });
    expect(await facts.innerText()).not.toContain("Address");
    expect(await facts.getByRole("button").count()).toBe(0);
    await page.getByRole("link", { name: "Your agents" }).first().click();
    await page.getByText("1 removed agent").waitFor();
    noComplaints();
  });

  it("leaves to the customer what the template does, at once and later", async () => {
    const length = {
      id: "length",
      name: "Length of a brief",
      options: [{ name: "One page" }, { name: "Two pages" }],
    };
    const templates = CONFIGURATION.templates.map((template) =>
      template.id === "researcher" ? { ...template, choices: [...template.choices, length] } : template,
    );
    const { page, noComplaints } = await visit({ config: { templates } });
    await signIn(page);
    await page.getByRole("link", { name: "Create AI agent" }).click();
    await fill(page, "Market scout");
    expect(await page.getByLabel("Price of a job").count()).toBe(0);
    await page.getByLabel("Researcher").check();
    expect(await page.getByText("5 USDM a job, unless you choose another price").count()).toBe(1);
    const price = page.getByLabel("Price of a job");
    expect(await price.inputValue()).toBe("5 USDM");
    await price.selectOption("10 USDM");
    await page.getByText("10 USDM a job", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByRole("link", { name: "Length of a brief: Choose one" }).click();
    expect(posts()).toBe(0);
    await page.getByLabel("Length of a brief").selectOption("Two pages");
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByRole("heading", { name: "Market scout" }).waitFor();
    const [agent] = double.world.agents.values();
    expect(agent?.choices).toEqual({ price: "10 USDM", length: "Two pages" });

    await page.getByText("Your agent is live").first().waitFor();
    await page.getByRole("button", { name: "Change agent" }).click();
    expect(await price.inputValue()).toBe("10 USDM");
    await price.selectOption("3 USDM");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("region", { name: "Facts" }).getByText("3 USDM").waitFor();
    expect([...double.world.agents.values()][0]?.choices).toEqual({ price: "3 USDM", length: "Two pages" });
    noComplaints();
  });

  it("is used by the keyboard alone", async () => {
    const { page, noComplaints } = await visit();
    const focused = () =>
      page.evaluate<string>("document.activeElement.textContent || document.activeElement.id");
    const tabTo = async (wanted: string) => {
      for (let turn = 0; turn < 30; turn++) {
        await page.keyboard.press("Tab");
        if ((await focused()).includes(wanted)) return;
      }
      throw new Error(`The Tab key does not lead to ${wanted}.`);
    };
    await page.goto("/");
    await page.getByLabel("E-mail").waitFor();
    await tabTo("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("Your AI agent, for hire");
    await tabTo("email");
    await page.keyboard.type("ada@example.com");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your AI agents" }).waitFor();
    await tabTo("Create AI agent");
    await page.keyboard.press("Enter");
    // A new page takes the focus to its title, so what follows is its content.
    await expect.poll(focused).toBe("Create AI agent");
    await tabTo("agent-template");
    await page.keyboard.press("ArrowDown");
    await tabTo("agent-name");
    await page.keyboard.type("Scout");
    await page.keyboard.press("Enter");
    await page.getByText("2 problems to fix").waitFor();
    expect(await focused()).toContain("2 problems to fix");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("agent-bio");
    await page.keyboard.type(BIO);
    await tabTo("agent-description");
    await page.keyboard.type("Looks things up.");
    await tabTo("Create AI agent");
    await page.keyboard.press("Enter");
    await page.getByText("Your agent is live").first().waitFor();
    await tabTo("Delete agent");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await expect.poll(focused).toBe("Delete agent");
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    noComplaints();
  });

  it("shows all problems of a form at their fields at once: its own, then the portal's", async () => {
    const { page } = await visit();
    await signIn(page);
    await page.goto("/create");
    await page.getByLabel("Support desk").check();
    await page.getByLabel("Description").fill("x".repeat(241));
    await page
      .getByLabel("Add documents")
      .setInputFiles([{ name: "tool.exe", mimeType: "", buffer: Buffer.from("MZ") }]);
    await page.getByRole("button", { name: "Create AI agent" }).click();
    const summary = page.getByRole("alert");
    await summary.getByText("4 problems to fix").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    expect(posts()).toBe(0);

    await page.getByRole("button", { name: "Remove tool.exe" }).click();
    await page.getByLabel("Name", { exact: true }).fill("forbidden");
    await page.getByLabel("Bio").fill(BIO);
    await page.getByLabel("Description").fill("Reads.");
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await summary.getByRole("link", { name: "Name: Contains a word that the network refuses" }).waitFor();
    await summary
      .getByRole("link", { name: "Documents: Is encrypted" })
      .or(summary.getByText("is encrypted"))
      .first()
      .waitFor();
    expect(await page.locator("#agent-name-problem").innerText()).toBe(
      "Contains a word that the network refuses",
    );
    expect(await page.locator("#agent-docs-problem").innerText()).toBe("Is encrypted");
  });

  it("creates one agent by a double click, and by a second try after the answer was lost", async () => {
    const { page } = await visit({ paceMs: Infinity });
    await signIn(page);
    await page.goto("/create");
    await fill(page, "Twice");
    await page.getByRole("button", { name: "Create AI agent" }).dblclick();
    await page.getByRole("heading", { name: "Twice" }).waitFor();
    expect(posts()).toBe(1);

    await page.goto("/create");
    await fill(page, "Lost");
    // The portal gets it; its answer gets lost on the way.
    await page.route("**/agent", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByText("The portal cannot be reached").waitFor();
    await page.unroute("**/agent");
    await page.reload();
    await page.getByRole("button", { name: "Create AI agent" }).click();
    await page.getByRole("heading", { name: "Lost" }).waitFor();
    expect(posts()).toBe(3);
    expect(double.world.agents.size).toBe(2);
  });

  it("goes on behind the last event after a connection ended, and asks now and then where no stream comes through", async () => {
    const { page } = await visit({ paceMs: Infinity });
    await signIn(page);
    await page.locator("[data-link=live]").waitFor();
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const texts = { name: "First", bio: BIO, description: "One." };
    const { agentId } = double.world.create(user, "researcher", texts, []);
    await page.getByRole("heading", { name: "First" }).waitFor();

    double.cut();
    double.world.set(agentId, { state: "running" });
    await page.getByText("Running", { exact: true }).first().waitFor();

    double.withoutStreams = true;
    double.cut();
    await page.locator("[data-link=polling]").waitFor();
    double.world.set(agentId, { state: "registered" });
    await page.getByText("Registered", { exact: true }).waitFor();
    double.withoutStreams = false;
    await page.locator("[data-link=live]").waitFor({ timeout: 60_000 });
    expect(await page.getByRole("article").count()).toBe(1);
  });

  it("says that it is offline, keeps what it knows, and catches up", async () => {
    const { page, context } = await visit({ paceMs: Infinity });
    await signIn(page);
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const { agentId } = double.world.create(
      user,
      "researcher",
      { name: "Kept", bio: BIO, description: "One." },
      [],
    );
    await page.getByRole("heading", { name: "Kept" }).waitFor();
    await context.setOffline(true);
    double.cut();
    await page.getByText("You are offline").waitFor();
    expect(await page.getByRole("heading", { name: "Kept" }).count()).toBe(1);
    double.world.set(agentId, { state: "registered" });
    await context.setOffline(false);
    await page.getByText("Registered", { exact: true }).waitFor();
    expect(await page.getByText("You are offline").count()).toBe(0);
  });

  it("says when the portal is away, and goes on when it is back", async () => {
    const { page } = await visit();
    double.broken = 503;
    await page.goto("/");
    await page.getByText("Not available").waitFor();
    double.broken = undefined;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByLabel("E-mail").waitFor();
    expect(await page.getByText("Not available").count()).toBe(0);
  });

  it("shows why an agent failed and what to do, and why it did not answer", async () => {
    const { page } = await visit({ paceMs: Infinity });
    await signIn(page);
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const { agentId } = double.world.create(
      user,
      "researcher",
      { name: "Stuck", bio: BIO, description: "One." },
      [],
    );
    const problem = { error: "MASUMI_FUNDS", detail: "The wallet has 1 ADA left.", remedy: "Fund it." };
    double.world.set(agentId, { state: "failed", problem, url: "https://agents.example.com/stuck" });
    await page.getByRole("link", { name: "Stuck" }).click();
    await page.getByText("The wallet has 1 ADA left.").waitFor();
    await page.getByText("Fund it.").waitFor();
    double.failTry = true;
    await page.getByLabel("Question").fill("Anything?");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByText("The model refused the request. Try again").waitFor();
    await page.goto("/agent/nobody-000000");
    await page.getByText("There is no such agent.").waitFor();
    expect(await page.getByRole("button", { name: "Delete agent" }).count()).toBe(0);
  });

  it("signs in at an OpenID issuer by code and PKCE, renews the token in silence, and says when a session is over", async () => {
    const issuer = await startIssuerDouble(CLIENT, 20);
    onTestFinished(() => issuer.close());
    const signInAt = { kind: "oidc", issuer: issuer.url, ...CLIENT, scope: "openid email" } as const;
    const { page, noComplaints } = await visit(
      { config: { signIn: signInAt }, connect: [issuer.url], userOf: (token) => issuer.userOf(token) },
      /401/,
    );
    const addresses: string[] = [];
    page.on("framenavigated", (frame) => addresses.push(frame.url()));
    await page.goto("/create");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    // Back where it began.
    await page.getByRole("heading", { name: "Create AI agent" }).waitFor();
    expect(new URL(page.url()).search).toBe("");
    // The token of 20 s counts as nearly over at once.
    await page.getByRole("link", { name: "Your agents" }).first().click();
    await expect.poll(() => issuer.grants).toContain("refresh_token");
    expect(issuer.grants[0]).toBe("authorization_code");
    expect(addresses.filter((address) => /token/i.test(address))).toEqual([]);

    issuer.endTokens();
    await page.evaluate("sessionStorage.setItem('masumi.tokens', JSON.stringify({ access: 'old' }))");
    await page.reload();
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    expect(await page.evaluate("sessionStorage.getItem('masumi.tokens')")).toBeNull();
    noComplaints();
  });

  it("takes no answer of an issuer that it did not ask", async () => {
    const issuer = await startIssuerDouble(CLIENT, 3600);
    onTestFinished(() => issuer.close());
    const signInAt = { kind: "oidc", issuer: issuer.url, ...CLIENT, scope: "openid" } as const;
    const { page } = await visit({ config: { signIn: signInAt }, connect: [issuer.url] });
    await page.goto("/signed-in?code=stolen&state=guessed");
    await page.getByText("This sign-in was begun in another tab.").waitFor();
    expect(issuer.grants).toEqual([]);
  });

  it.each([
    ["trialing", "You are trying Team", "Manage the plan"],
    ["past_due", "shut down on 14 December 2026", "Update the payment"],
    ["lapsed", "leave the network on 14 December 2026", "Subscribe again"],
  ] as const)("says what a subscription that is %s means", async (state, text, action) => {
    const { page } = await visit({ config: { billing: "stripe" } });
    double.world.billing.set("ada-example-com", {
      state,
      plan: "Team",
      allowed: 3,
      drainsAt: "2026-12-14T00:00:00Z",
    });
    await signIn(page);
    await page.getByText(text).waitFor();
    await page.getByRole("button", { name: action }).click();
    await page.getByRole("button", { name: "Pay 20 EUR" }).waitFor();
    expect(double.requests.get(`POST /billing/${state === "lapsed" ? "checkout" : "portal"}`)).toBe(1);
  });

  it("asks an operator for a plan only where one is needed: to create an agent", async () => {
    const { page, noComplaints } = await visit({ config: { billing: "stripe" }, paceMs: Infinity });
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const texts = { name: "Looked at", bio: BIO, description: "One." };
    const theirs = double.world.create(user, "researcher", texts, []);
    const operator = { id: "root-example-com", email: null, isOperator: true };
    const own = double.world.create(operator, "researcher", { ...texts, name: "Own" }, []);
    await signIn(page, "root@example.com", { operator: true });
    await page.getByRole("heading", { name: "Own" }).waitFor();
    expect(await page.getByText("Choose a plan").count(), "on the list").toBe(0);
    for (const [{ agentId }, name] of [
      [theirs, "Looked at"],
      [own, "Own"],
    ] as const) {
      await page.goto(`/agent/${agentId}`);
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      expect(await page.getByText("Choose a plan").count()).toBe(0);
    }
    await page.goto("/create");
    await page.getByText("Choose a plan to create agents").waitFor();
    noComplaints();
  });

  it("says to an operator, too, what becomes of their own agents without a payment", async () => {
    const { page } = await visit({ config: { billing: "stripe" } });
    double.world.billing.set("root-example-com", {
      state: "lapsed",
      plan: "Team",
      allowed: 3,
      drainsAt: "2026-12-14T00:00:00Z",
    });
    await signIn(page, "root@example.com", { operator: true });
    await page.getByText("leave the network on 14 December 2026").waitFor();
    expect(await page.getByRole("button", { name: "Subscribe again" }).count()).toBe(1);
  });

  it("lists an agent's last runs, which a keyboard unfolds, and tells operators nothing of what was asked", async () => {
    const { page, noComplaints } = await visit({ paceMs: Infinity }, /502/);
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const texts = { name: "Asked", bio: BIO, description: "One." };
    const { agentId } = double.world.create(user, "researcher", texts, []);
    double.world.set(agentId, { state: "registered", url: "https://agents.example.com/asked" });
    await signIn(page);
    await page.getByRole("link", { name: "Asked" }).click();
    const runs = page.getByRole("region", { name: "Last runs" });
    await page.getByRole("heading", { name: "Try it" }).waitFor();
    expect(await runs.count()).toBe(0);
    const ask = async (question: string) => {
      await page.getByLabel("Question").fill(question);
      await page.getByRole("button", { name: "Ask" }).click();
      await runs.getByText(question).first().waitFor();
    };
    await ask("Which boots?");
    double.failTry = true;
    await ask("Which socks?");
    expect(await runs.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringMatching(/^Failed.*Which socks\?/s),
      expect.stringMatching(/^Answered.*, 0 s.*Which boots\?/s),
    ]);
    await runs.locator("summary").filter({ hasText: "Which boots?" }).focus();
    await page.keyboard.press("Enter");
    expect(await runs.getByRole("region", { name: "Run of" }).innerText()).toContain(
      'I have read "Which boots?"',
    );
    await page.keyboard.press("Enter");
    expect(await runs.getByRole("region", { name: "Run of" }).count()).toBe(0);

    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn(page, "root@example.com", { operator: true });
    await page.goto(`/agent/${agentId}`);
    await runs.getByText("Asked by somebody else").first().waitFor();
    expect(await runs.innerText()).not.toContain("boots");
    expect(await runs.locator("summary").count()).toBe(0);
    noComplaints();
  });

  it("shows by itself that a deployment has ended", async () => {
    const { page } = await visit({ paceMs: Infinity });
    const user = { id: "ada-example-com", email: null, isOperator: false };
    const { agentId } = double.world.create(
      user,
      "researcher",
      { name: "Deployed", bio: BIO, description: "One." },
      [],
    );
    const run = { id: "r1", startedAt: new Date().toISOString() };
    double.world.set(agentId, {
      state: "registered",
      deployments: [{ ...run, state: "running", endedAt: null }],
    });
    await signIn(page);
    await page.getByRole("link", { name: "Deployed" }).click();
    const deployments = page.getByRole("region", { name: "Deployments" });
    await deployments.getByText("Under way").waitFor();
    double.world.set(agentId, { deployments: [{ ...run, state: "succeeded", endedAt: run.startedAt }] });
    await deployments.getByText("Done").waitFor();
    expect(await deployments.getByText("Under way").count()).toBe(0);
  });

  it("shows operators what runs, and others nothing of it", async () => {
    const { page, noComplaints } = await visit({ paceMs: Infinity });
    const user = { id: "customer-7", email: null, isOperator: false };
    double.world.create(user, "researcher", { name: "Theirs", bio: BIO, description: "One." }, []);
    await signIn(page, "root@example.com", { operator: true });
    await page.getByRole("link", { name: "Operations" }).click();
    await page.getByRole("link", { name: "Theirs" }).waitFor();
    await page.getByText("customer-7").waitFor();
    for (const [tab, text] of [
      ["Fleets", "17 of 100"],
      ["Wallets", "412.83 ADA"],
      ["Spending", "585 ADA"],
      ["Costs", "far-away-7a5c11: its tasks on ECS have no database"],
      ["Drift", "The chain has another description"],
      ["Runs", "3 agents to register"],
    ] as const) {
      await page.getByRole("navigation", { name: "Operations" }).getByRole("link", { name: tab }).click();
      await page.getByText(text).waitFor();
    }
    await page
      .getByRole("row", { name: /2 resources created/ })
      .getByRole("link")
      .click();
    await page.getByText("registration night-desk: asked").waitFor();
    noComplaints();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("E-mail").fill("ada@example.com");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("There is nothing here").waitFor();
    expect(await page.getByRole("link", { name: "Operations" }).count()).toBe(0);
  });
});
