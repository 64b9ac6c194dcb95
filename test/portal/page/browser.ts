import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  chromium,
} from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The machine's own browser; nothing is downloaded. */
export const browserPath: string | undefined = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file));

const isRequired = process.env["MASUMI_TEST_BROWSER"] === "required";

/** False where there is no browser, which is said; with MASUMI_TEST_BROWSER=required the tests run and fail instead. */
export const browserIsThere: boolean = browserPath !== undefined || isRequired;
if (!browserIsThere)
  console.warn("The page's tests are left out: no chromium is on PATH (apt-get install chromium).");

export async function openBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error("MASUMI_TEST_BROWSER=required, but no chromium is on PATH.");
  return chromium.launch({
    executablePath: browserPath,
    // As root, as in a container, it has no sandbox; and a container's /dev/shm is small.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

export interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained about: errors and warnings on the console, exceptions. */
  readonly complaints: string[];
}

/** A page of its own in the browser, as for somebody who was never here. */
export async function openTab(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({ baseURL, locale: "en-GB", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    const { url } = message.location();
    // Of other origins, as where one pays, it is not this page that complains.
    const isElsewhere = URL.canParse(url) && new URL(url).origin !== new URL(baseURL).origin;
    if (["error", "warning"].includes(message.type()) && !isElsewhere) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

/** Signs in at the portal's own sign-in. */
export async function signIn(
  page: Page,
  email = "ada@example.com",
  { operator = false } = {},
): Promise<void> {
  await page.goto("/");
  await page.getByLabel("E-mail").fill(email);
  if (operator) await page.getByLabel("Sign in as an operator").check();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your AI agents" }).waitFor();
}
