import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { typist } from "./typist.ts";
import { outsideAgent } from "../helpers/outside-agents.ts";
import { startAtTerminal } from "../helpers/terminal.ts";
import { Market } from "./market.ts";

let market: Market;
beforeEach(async () => void (market = await Market.open()));
afterEach(() => market[Symbol.asyncDispose]());

const FIELDS = [
  { id: "intro", type: "none", name: "Hello" },
  {
    id: "topic",
    type: "text",
    name: "Topic",
    data: { placeholder: "Heat pumps", description: "What about?" },
  },
  { id: "pages", type: "number", name: "Pages", data: { default: 2 } },
  { id: "size", type: "option", name: "Size", data: { values: ["small", "large"] } },
  { id: "notes", type: "textarea", name: "Notes", validations: [{ validation: "optional", value: "true" }] },
];

describe("a hire without input", () => {
  it("asks for each field at a terminal, with its type, example and default", async () => {
    const seller = await market.seller({ fields: FIELDS });
    const prompter = typist("", "Kettles", "many", "", "1", "");
    expect(await market.hire(seller.url, { inputs: [], prompter })).toMatchObject({ outcome: "result" });
    expect(prompter.labels).toEqual([
      "Topic (text; for example Heat pumps): ",
      "Topic (text; for example Heat pumps): ",
      "Pages (number; default 2): ",
      "Pages (number; default 2): ",
      "Size (option): ",
      "Notes (textarea, optional): ",
    ]);
    expect(seller.asked).toMatchObject([{ input_data: { topic: "Kettles", pages: 2, size: "large" } }]);
    expect(market.said).toEqual(
      expect.arrayContaining(["  What about?", "topic: is required", "  1  large"]),
    );
  });

  it("asks nothing of whoever gave some of it, or of an agent that is too dear", async () => {
    const seller = await market.seller({ fields: FIELDS });
    const prompter = typist();
    await expect(market.hire(seller.url, { inputs: ["topic=x"], prompter })).rejects.toMatchObject({
      code: "HIRE_INPUT_INVALID",
    });
    await expect(
      market.hire(seller.url, { inputs: [], prompter, maxPrice: ["1USDM"] }),
    ).rejects.toMatchObject({
      code: "HIRE_PRICE_TOO_HIGH",
    });
    expect(prompter.labels).toEqual([]);
    expect(seller.asked).toEqual([]);
  });

  it("starts nothing when whoever was asked has gone", async () => {
    const seller = await market.seller({ fields: FIELDS });
    await expect(market.hire(seller.url, { inputs: [], prompter: typist("Kettles") })).rejects.toMatchObject({
      code: "HIRE_INPUT_INVALID",
    });
    expect(seller.asked).toEqual([]);
  });

  it("in a pipe says what to pass", async () => {
    const { url } = await market.seller({ fields: FIELDS });
    const { exitCode, stderr } = await market.project.run("hire", url);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("notes (textarea, optional): Notes\n");
    expect(stderr).toContain("pages (number): Pages; default 2\n");
    expect(stderr).toContain(
      "Give each with --input name=value: --input topic='Heat pumps' --input pages=2 --input size=small",
    );
  });

  it("is typed at a real terminal", async () => {
    const seller = await market.seller({
      price: "Free",
      fields: FIELDS.slice(0, 2),
      information: { pricing: { pricingType: "Free" } },
    });
    const question = "Topic (text; for example Heat pumps): ";
    const typed = async (keys: string) => {
      const terminal = startAtTerminal(market.project, ["hire", seller.url], 120);
      await expect.poll(() => terminal.screen(), { timeout: 30_000 }).toContain(question);
      terminal.type(keys);
      return { exitCode: await terminal.exitCode, said: terminal.screen().split("\n").slice(-2) };
    };
    expect(await typed("\u0003")).toEqual({ exitCode: 130, said: ["Nothing was started.", ""] });
    expect(seller.asked).toEqual([]);
    expect(await typed("Kettles\r")).toMatchObject({ exitCode: 0 });
    expect(seller.asked).toMatchObject([{ input_data: { topic: "Kettles" } }]);
  });
});

it("a free agent of one's own stack is named by its id and name, in the report and in the list", async () => {
  const free = {
    price: "Free",
    availability: { type: "masumi-agent" },
    information: { pricing: { pricingType: "Free" } },
  } as const;
  const seller = await market.seller(free);
  // The seller has registered itself at its own URL.
  const url = seller.url.replace("127.0.0.1", "localhost");
  const file = outsideAgent("Gift", url).replace(/^pricing: .*$/m, "pricing: free");
  market.project.write("agents/gift.yaml", file.replace(/^url: .*$/m, `url: ${url}`));
  const up = await market.project.run("up");
  if (up.exitCode !== 0) throw new Error(up.stdout);
  const { stdout } = await market.project.run("hire", "gift", "--input", "topic=x", "--json");
  const agent = {
    id: "gift",
    name: "Gift",
    url,
    agentIdentifier: expect.stringMatching(/^\w{120}$/),
  };
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "result", price: null, agent });
  const listed = await market.project.run("hire", "--list", "--json");
  expect(JSON.parse(listed.stdout)).toMatchObject({ hires: [{ agent }] });
  expect((await market.project.run("hire", "--list")).stdout).toMatch(/ Gift {2}free$/m);
});
