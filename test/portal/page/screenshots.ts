/** Makes the page's screenshots for README (`npm run screenshots`), light and dark, from the page's double. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { buildPage } from "../../../portal/page/build.ts";
import { openBrowser, openTab, signIn } from "./browser.ts";
import { startPortalDouble } from "./double/portal.ts";
import { seed } from "./double/seeds.ts";

const FOLDER = join(import.meta.dirname, "../../../docs/images");
const ADA = { id: "ada-example-com", email: "ada@example.com", isOperator: false };
const SIZE = { width: 1180, height: 760 };

async function agents(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Alpine Gear help desk" }).waitFor();
}

async function create(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Create AI agent" }).click();
  await page.getByLabel("Document expert").check();
  await page.getByLabel("Name", { exact: true }).fill("Trail guide");
  await page.getByLabel("Bio").fill("Calm and exact. Names the map sheet, and says when a path is closed.");
  await page.getByLabel("Description").fill("Answers questions on trails, huts and weather in the Alps.");
  await page.getByLabel("Add documents").setInputFiles(
    ["trails-2026.pdf", "huts.md"].map((name) => ({
      name,
      mimeType: "",
      buffer: Buffer.alloc(184_000, "x"),
    })),
  );
}

async function agent(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Contract reader" }).click();
  await page.getByRole("heading", { name: "Time line" }).waitFor();
}

await buildPage({ onProgress: (message) => console.error(message) });
mkdirSync(FOLDER, { recursive: true });
const double = await startPortalDouble({ paceMs: Infinity });
seed(double.world, ADA);
const browser = await openBrowser();
for (const colorScheme of ["light", "dark"] as const) {
  const { page, context } = await openTab(browser, double.url, {
    colorScheme,
    viewport: SIZE,
    reducedMotion: "reduce",
  });
  await signIn(page, ADA.email);
  for (const [name, show] of Object.entries({ agents, create, agent })) {
    await show(page);
    // No focus ring and no card under the pointer.
    await page.mouse.move(0, 0);
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    const path = join(FOLDER, `portal-${name}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: name === "create" });
    console.log(path);
  }
  await context.close();
}
await browser.close();
await double.close();
