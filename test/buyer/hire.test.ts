import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TUSDM } from "../local/sandbox/deal.ts";
import { type Hiring, Market } from "./market.ts";
import { type Behaviour, MARKETPLACE_RESULT } from "./seller.ts";

let market: Market;
beforeEach(async () => void (market = await Market.open()));
afterEach(() => market[Symbol.asyncDispose]());

describe("a hire of an honest agent", () => {
  it.each<[string, Behaviour, Hiring, object]>([
    ["on V2, with a price", {}, {}, { price: "5 tUSDM", hashRule: "marketplace" }],
    [
      "on V1, with two prices",
      {
        type: "Web3CardanoV1",
        price: [
          { unit: TUSDM, amount: "12000000" },
          { unit: "", amount: "2000000" },
        ],
      },
      { maxPrice: ["12USDM", "2 ADA"] },
      { price: "12 tUSDM + 2 ADA" },
    ],
    ["whose price is dynamic", { price: "Dynamic" }, { maxPrice: ["3ADA"] }, { price: "3 ADA" }],
    ["that hashes its result by MIP-004", { hashed: MARKETPLACE_RESULT }, {}, { hashRule: "mip-004" }],
    ["that does not give its payment information", { information: "not there" }, {}, { price: "5 tUSDM" }],
  ])("%s: pays, and gives the result whose hash is on the chain", async (_, behaviour, hiring, expected) => {
    const seller = await market.seller(behaviour);
    const report = await market.hire(seller.url, hiring);
    expect(report).toMatchObject({
      outcome: "result",
      result: MARKETPLACE_RESULT,
      purchase: { onChainState: "ResultSubmitted" },
      ...expected,
    });
    expect(seller.asked[0]).toMatchObject({ input_data: { topic: "Heat pumps" } });
    expect(await market.purchases()).toEqual(["ResultSubmitted"]);
    expect(market.said.join("\n")).toMatch(
      /asks [\s\S]*Locking the funds[\s\S]*Result submitted: transaction /,
    );
  });

  it("that discloses being an AI: its words are shown before anything is paid", async () => {
    const disclosure = "An AI\u001B[2Jwrites this.";
    const extensions = [{ uri: "https://example.com/other" }, { uri: "mip-003", params: { disclosure } }];
    const { url } = await market.seller({ card: { name: "Seller", capabilities: { extensions } } });
    await market.hire(url);
    const told = market.said.findIndex((line) => /^The agent discloses: An AI\S*2Jwrites this\.$/.test(line));
    expect(market.said.join("")).not.toContain("\u001B");
    expect(told).toBeGreaterThanOrEqual(0);
    expect(told).toBeLessThan(market.said.findIndex((line) => line.includes("Locking the funds")));
  });

  it.each<[string, unknown]>([
    ["has no disclosure", { capabilities: { extensions: [{ params: null }] } }],
    ["is none", "<html>"],
  ])("whose card %s: is hired all the same, and nothing is said of it", async (_, card) => {
    const { url } = await market.seller({ card });
    expect(await market.hire(url)).toMatchObject({ outcome: "result" });
    expect(market.said.join("\n")).not.toContain("discloses");
  });

  it("that is free: sends the input alone, and needs neither a purchase nor a buyer", async () => {
    const seller = await market.seller({ price: "Free" });
    const report = await market.hire(seller.url, {
      stack: "local",
      paymentService: "https://nowhere.example/api/v1",
    });
    expect(report).toMatchObject({ outcome: "result", result: MARKETPLACE_RESULT, purchase: null });
    expect(seller.asked).toEqual([{ input_data: { topic: "Heat pumps" } }]);
    expect(await market.purchases()).toEqual([]);
    expect(market.hires()).toEqual([report.id]);
    expect(market.project.read(`.masumi/hires/${report.id}.json`)).not.toMatch(/Heat pumps|First line/);
  });

  it("leaves a file to go on with, without key, input and result; resuming pays nothing again", async () => {
    const { url } = await market.seller();
    const { id } = await market.hire(url, { inputs: ["topic=a secret plan"] });
    expect(market.hires()).toEqual([id]);
    const file = market.project.read(`.masumi/hires/${id}.json`);
    expect(file).not.toMatch(/secret plan|buyer-key|First line/);
    expect(await market.resume(id ?? "")).toMatchObject({ outcome: "result", result: MARKETPLACE_RESULT });
    expect(await market.purchases()).toHaveLength(1);
  });
});

describe("a hire that is refused before anything is started", () => {
  it.each<[string, string, Behaviour, Hiring]>([
    ["a price above the limit", "HIRE_PRICE_TOO_HIGH", {}, { maxPrice: ["4.99USDM"] }],
    ["a price in a token without a limit", "HIRE_PRICE_TOO_HIGH", {}, { maxPrice: ["500ADA"] }],
    ["a dynamic price without a limit", "HIRE_MAX_PRICE_MISSING", { price: "Dynamic" }, {}],
    [
      "another price than the registry's",
      "HIRE_TERMS_DIFFER",
      { information: { pricing: { pricingType: "Fixed", Pricing: [{ unit: TUSDM, amount: "4000000" }] } } },
      {},
    ],
    [
      "another kind of price",
      "HIRE_TERMS_DIFFER",
      { information: { pricing: { pricingType: "Dynamic" } } },
      { maxPrice: ["9USDM"] },
    ],
    ["another network", "HIRE_TERMS_DIFFER", { information: { network: "Mainnet" } }, {}],
    [
      "another kind of contract",
      "HIRE_TERMS_DIFFER",
      { information: { paymentSourceType: "Web3CardanoV1" } },
      {},
    ],
    [
      "another URL than the registry's",
      "HIRE_TERMS_DIFFER",
      { registeredUrl: "https://other.example.com" },
      {},
    ],
    [
      "an identifier that is not on the chain",
      "HIRE_TERMS_DIFFER",
      {
        information: {
          agentIdentifier: `67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b${"9".repeat(64)}`,
        },
      },
      {},
    ],
    ["input that does not fit", "HIRE_INPUT_INVALID", {}, { inputs: ["topc=x"] }],
    [
      "an agent that takes no jobs",
      "HIRE_AGENT_REFUSED",
      { availability: { status: "unavailable", message: "Later." } },
      {},
    ],
    [
      "no key for a payment service of one's own",
      "HIRE_BUYER_MISSING",
      {},
      { paymentService: "http://127.0.0.1:9/api/v1" },
    ],
  ])("%s: %s", async (_, code, behaviour, hiring) => {
    const seller = await market.seller(behaviour);
    await expect(market.hire(seller.url, hiring)).rejects.toMatchObject({ code, isOpen: false });
    expect(seller.asked).toEqual([]);
    expect(await market.purchases()).toEqual([]);
  });

  it("an agent of another sandbox, and names what says which one is paid through", async () => {
    const agentIdentifier = `67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b${"9".repeat(64)}`;
    const seller = await market.seller({ information: { agentIdentifier } });
    await expect(market.hire(seller.url)).rejects.toThrow(/--payment-service/);
  });

  it("an agent that is not there", async () => {
    await expect(market.hire("http://127.0.0.1:9")).rejects.toMatchObject({ code: "HIRE_AGENT_UNREACHABLE" });
  });

  it.each(["http://agent.example.com", "https://user:word@agent.example.com", "nobody"])(
    "%s as an agent",
    async (agent) => {
      await expect(market.hire(agent)).rejects.toMatchObject({ name: "UserError" });
    },
  );
});

describe("an answer to start_job that is not what was agreed is not paid", () => {
  const in_ = (days: number) => Date.now() + days * 86_400_000;
  it.each<[string, RegExp, Record<string, unknown>]>([
    ["the hash of another input", /input_hash is/, { input_hash: "ab".repeat(32) }],
    ["no hash", /input_hash is missing/, { input_hash: undefined }],
    [
      "another seller",
      /sellerVKey is/,
      { sellerVKey: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db" },
    ],
    ["another agent", /agentIdentifier is/, { agentIdentifier: "aa".repeat(60) }],
    ["another purchaser", /identifierFromPurchaser is/, { identifierFromPurchaser: "aabbccddeeff0011" }],
    ["times in seconds", /Unix milliseconds/, { payByTime: 1_795_351_685 }],
    ["a payment that was due", /payByTime is over/, { payByTime: in_(-1) }],
    [
      "a result far in the future",
      /more than 60 days/,
      { submitResultTime: in_(100), unlockTime: in_(101), externalDisputeUnlockTime: in_(102) },
    ],
    ["times out of order", /unlockTime is not 15 minutes/, { unlockTime: in_(0.04) }],
  ])("%s", async (_, message, started) => {
    const { url } = await market.seller({ started });
    await expect(market.hire(url)).rejects.toMatchObject({
      code: "HIRE_TERMS_DIFFER",
      message: expect.stringMatching(message) as string,
    });
    expect(await market.purchases()).toEqual([]);
    expect(market.hires()).toEqual([]);
  });

  it("without the price of a dynamic one", async () => {
    const { url } = await market.seller({ price: "Dynamic", started: { amounts: undefined } });
    await expect(market.hire(url, { maxPrice: ["3ADA"] })).rejects.toMatchObject({
      code: "HIRE_PRICE_UNKNOWN",
    });
  });

  it("with a dynamic price above the limit", async () => {
    const { url } = await market.seller({ price: "Dynamic" });
    await expect(market.hire(url, { maxPrice: ["2.999999ADA"] })).rejects.toMatchObject({
      code: "HIRE_PRICE_TOO_HIGH",
    });
    expect(await market.purchases()).toEqual([]);
  });

  it("with a bill of an agent that kept its price to itself and is free by the registry", async () => {
    const free = { price: "Free", information: "not there" } as const;
    const seller = await market.seller(free);
    const { agentIdentifier } = seller;
    seller.behaviour = { ...free, started: { agentIdentifier, blockchainIdentifier: "abcd" } };
    await expect(market.hire(seller.url)).rejects.toMatchObject({
      code: "HIRE_TERMS_DIFFER",
      what: "The agent is free according to the registry, but wants to be paid.",
    });
    expect(await market.purchases()).toEqual([]);
  });

  it("with a signature for other times: the payment service refuses it", async () => {
    const { url } = await market.seller({ started: { submitResultTime: in_(0.05) } });
    await expect(market.hire(url)).rejects.toMatchObject({ code: "HIRE_BUYER_REFUSED" });
    expect(await market.purchases()).toEqual([]);
  });

  it("with a price that is known then only, and too high", async () => {
    const { url } = await market.seller({ information: "not there" });
    await expect(market.hire(url, { maxPrice: ["1USDM"] })).rejects.toMatchObject({
      code: "HIRE_PRICE_TOO_HIGH",
    });
    expect(await market.purchases()).toEqual([]);
  });
});

describe("an answer of start_job that is lost", () => {
  it.each<[string, Behaviour]>([
    ["a paid job", {}],
    ["a free job", { price: "Free" }],
  ])("%s: resuming gets the same job, by a secret that was on the disk before", async (_, behaviour) => {
    const seller = await market.seller({ ...behaviour, startAnswer: "lost" });
    const lost = market.hire(seller.url, { inputs: ["topic=a secret plan"] });
    await expect(lost).rejects.toMatchObject({
      code: "HIRE_AGENT_UNREACHABLE",
      isOpen: true,
      message: expect.stringMatching(/hire --resume \w+$/) as string,
    });
    const [id = ""] = market.hires();
    const file = `.masumi/hires/${id}.json`;
    expect((statSync(market.project.path(file)).mode & 0o777).toString(8)).toBe("600");
    expect(market.project.read(file)).toContain(seller.keys[0]);
    seller.behaviour = behaviour;
    expect(await market.resume(id)).toMatchObject({ id, outcome: "result", result: MARKETPLACE_RESULT });
    expect([seller.asked.length, seller.jobs.size]).toEqual([2, 1]);
    expect(seller.asked[1]).toEqual(seller.asked[0]);
    expect(seller.keys[0]).toMatch(/^[\w-]{43}$/);
    expect(await market.purchases()).toHaveLength(behaviour.price === "Free" ? 0 : 1);
    expect(market.project.read(file)).not.toMatch(new RegExp(`secret plan|${seller.keys[0]}`));
  });

  it("is resumed within the limits that it was begun with", async () => {
    const seller = await market.seller({ price: "Dynamic", startAnswer: "lost" });
    await expect(market.hire(seller.url, { maxPrice: ["2ADA"] })).rejects.toMatchObject({
      code: "HIRE_AGENT_UNREACHABLE",
    });
    const [id = ""] = market.hires();
    await expect(market.resume(id, true)).rejects.toMatchObject({ code: "HIRE_NOTHING_TO_REFUND" });
    seller.behaviour = { price: "Dynamic" };
    await expect(market.resume(id)).rejects.toMatchObject({ code: "HIRE_PRICE_TOO_HIGH" });
    expect(await market.purchases()).toEqual([]);
    expect(market.hires()).toEqual([]);
  });

  it("because the command is given up: it says how to go on", async () => {
    const seller = await market.seller({ startAnswer: "never comes" });
    const stop = new AbortController();
    const hire = market.hire(seller.url, { signal: stop.signal }).catch((error: unknown) => error);
    await expect.poll(() => seller.asked.length).toBe(1);
    stop.abort();
    expect(await hire).toMatchObject({ code: "HIRE_STILL_RUNNING", isOpen: true });
    seller.behaviour = {};
    expect(await market.resume(market.hires()[0] ?? "")).toMatchObject({ outcome: "result" });
    expect(seller.jobs.size).toBe(1);
  });

  it("each order has a secret of its own", async () => {
    const seller = await market.seller({ price: "Free" });
    await market.hire(seller.url);
    await market.hire(seller.url);
    expect(new Set(seller.keys).size).toBe(2);
  });
});

describe("money is locked no longer than its owner wants", () => {
  const in_ = (days: number) => Date.now() + days * 86_400_000;
  const late = { submitResultTime: in_(4), unlockTime: in_(5), externalDisputeUnlockTime: in_(6) };

  it("a result that is due later than --max-days is refused before anything is paid", async () => {
    const { url } = await market.seller({ started: late });
    await expect(market.hire(url)).rejects.toMatchObject({
      code: "HIRE_DUE_TOO_LATE",
      message: expect.stringMatching(/--max-days 3 allows/) as string,
    });
    expect([await market.purchases(), market.hires()]).toEqual([[], []]);
    // Allowed by its owner; the payment service refuses it, since the seller has signed other times.
    await expect(market.hire(url, { maxDays: 5 })).rejects.toMatchObject({ code: "HIRE_BUYER_REFUSED" });
  });

  it("says until when it is locked, before it pays", async () => {
    const { url } = await market.seller();
    const report = await market.hire(url);
    const said = market.said.join("\n");
    expect(said).toMatch(
      /is due by 20\S+Z; without one, you can get your money back after that\. With a result, the seller is paid after 20\S+Z; a dispute can hold the money until 20[\s\S]*Locking the funds/,
    );
    expect(said).toContain(`due by ${report.purchase?.submitResultTime}; without one`);
  });
});

describe("a result that the agent has erased", () => {
  it("of a free job: there is nothing to wait for", async () => {
    const { url } = await market.seller({ price: "Free", jobs: "erased" });
    await expect(market.hire(url)).rejects.toMatchObject({ code: "HIRE_RESULT_ERASED" });
  });

  it("of a paid one: the buyer goes on for as long as the money can be had back", async () => {
    const { url } = await market.seller({ jobs: "erased" });
    const signal = endsAfter("The agent is starting ...", 1_000);
    await expect(market.hire(url, { signal })).rejects.toMatchObject({ code: "HIRE_STILL_RUNNING" });
    const [id = ""] = market.hires();
    await market.client.advance(75 * 60);
    expect(await market.resume(id)).toMatchObject({ outcome: "refund" });
  });
});

describe("what is on the disk before anything is paid", () => {
  it("is for this user alone, and nothing else is left in the folder", async () => {
    const { url } = await market.seller();
    const { id } = await market.hire(url);
    const folder = market.project.path(".masumi/hires");
    expect(readdirSync(folder)).toEqual([`${id}.json`]);
    expect((statSync(`${folder}/${id}.json`).mode & 0o777).toString(8)).toBe("600");
  });

  it("pays nothing when the hire is given up just then, and is resumed", async () => {
    const id = await givenUp();
    expect(await market.asked("POST /purchase")).toBe(0);
    expect(await market.resume(id)).toMatchObject({ outcome: "result" });
  });

  it("is not paid any more once the time for it is over: the agent has given the job up", async () => {
    const id = await givenUp();
    const file = market.project.path(`.masumi/hires/${id}.json`);
    const hire = JSON.parse(readFileSync(file, "utf8")) as { purchase: { payByTime: string } };
    hire.purchase.payByTime = String(Date.now() - 1);
    writeFileSync(file, JSON.stringify(hire));
    await expect(market.resume(id)).rejects.toMatchObject({
      code: "HIRE_NOT_PAID",
      isOpen: false,
      message: expect.stringMatching(/PAYMENT_EXPIRED.*Hire the agent again/),
    });
    expect(await market.asked("POST /purchase")).toBe(0);
  });
});

/** Ends a command once it has said this, or a moment later. */
function endsAfter(line: string, moreMs = 0): AbortSignal {
  const stop = new AbortController();
  market.onSaid = (said) => {
    if (said.startsWith(line)) setTimeout(() => stop.abort(), moreMs);
  };
  return stop.signal;
}

/** A hire that was given up between the job's start and its payment. */
async function givenUp(): Promise<string> {
  const { url } = await market.seller();
  const stop = new AbortController();
  market.onSaid = (line) => {
    if (line.includes("asks 5 tUSDM")) stop.abort();
  };
  await expect(market.hire(url, { signal: stop.signal })).rejects.toMatchObject({
    code: "HIRE_STILL_RUNNING",
    isOpen: true,
  });
  return market.hires()[0] ?? "";
}

describe("an answer of POST /purchase that is lost", () => {
  it.each([
    ["lost-after-write", 1],
    ["error-after-write", 1],
    ["truncated-json", 1],
    ["lost-before-write", 2],
    ["error-before-write", 2],
  ])("%s: is looked for, and paid once", async (kind, posts) => {
    const { url } = await market.seller();
    await market.fault({ kind, route: "POST /purchase" });
    expect(await market.hire(url)).toMatchObject({ outcome: "result" });
    expect(await market.asked("POST /purchase")).toBe(posts);
    expect(await market.purchases()).toHaveLength(1);
  });

  it("twice, before it had an effect: is not sent a third time by itself", async () => {
    const { url } = await market.seller();
    await market.fault({ kind: "lost-before-write", route: "POST /purchase", count: 2 });
    await expect(market.hire(url)).rejects.toMatchObject({ code: "HIRE_PURCHASE_UNCLEAR", isOpen: true });
    expect(await market.asked("POST /purchase")).toBe(2);
  });

  it("and not found either: the hire can be resumed, and pays once", async () => {
    const { url } = await market.seller();
    await market.fault({ kind: "lost-after-write", route: "POST /purchase" });
    await market.fault({ kind: "error-before-write", route: "POST /purchase/resolve-blockchain-identifier" });
    const [id] = await market.hire(url).then(
      () => [],
      (error: Error) => {
        expect(error).toMatchObject({ code: "HIRE_PURCHASE_UNCLEAR", isOpen: true });
        return /hire --resume (\w+)/.exec(error.message)?.slice(1) ?? [];
      },
    );
    expect(market.hires()).toEqual([id]);
    expect(await market.resume(id ?? "")).toMatchObject({ outcome: "result" });
    expect(await market.purchases()).toHaveLength(1);
  });
});

it("each state on the chain is told once, however often it is looked at", async () => {
  const { url } = await market.seller({ jobs: "never ends" });
  const signal = endsAfter("The agent is working ...", 1_000); // in which it is looked at a few times more
  await expect(market.hire(url, { signal })).rejects.toThrow("HIRE_STILL_RUNNING");
  expect(market.said.filter((line) => line.startsWith("Funds locked"))).toHaveLength(1);
  expect(market.said.filter((line) => line.startsWith("The agent is working"))).toHaveLength(1);
});

describe("a job without a result", () => {
  it("that failed: the money is asked for, and resuming shows how it stands", async () => {
    const { url } = await market.seller({ jobs: "fails" });
    const report = await market.hire(url);
    expect(report).toMatchObject({ outcome: "refund", result: null });
    expect(market.said.join("\n")).toContain("the agent says that the job failed");
    expect(await market.asked("POST /purchase/request-refund")).toBe(1);
    expect(await market.resume(report.id ?? "")).toMatchObject({
      outcome: "refund",
      purchase: { onChainState: "RefundRequested" },
    });
    expect(await market.asked("POST /purchase/request-refund")).toBe(1);
  });

  it("a lost answer to the request for the refund is no matter", async () => {
    const { url } = await market.seller({ jobs: "fails" });
    await market.fault({ kind: "lost-before-write", route: "POST /purchase/request-refund" });
    expect(await market.hire(url)).toMatchObject({ outcome: "refund" });
    expect(await market.asked("POST /purchase/request-refund")).toBe(2);
  });

  it("that never ends: the command stops waiting, and the money comes back after its time", async () => {
    const { url } = await market.seller({ jobs: "never ends" });
    await expect(market.hire(url, { signal: endsAfter("The agent is working ...") })).rejects.toMatchObject({
      code: "HIRE_STILL_RUNNING",
      isOpen: true,
    });
    expect(await market.purchases()).toEqual(["FundsLocked"]);
    await market.client.advance(75 * 60);
    expect(await market.resume(market.hires()[0] ?? "")).toMatchObject({ outcome: "refund" });
    await expect.poll(() => market.purchases()).toEqual(["RefundWithdrawn"]);
  });

  it("that never ends for free: the command stops waiting, and resuming shows what became of it", async () => {
    const seller = await market.seller({ price: "Free", jobs: "never ends" });
    await expect(
      market.hire(seller.url, { signal: endsAfter("The agent is working ...") }),
    ).rejects.toMatchObject({
      code: "HIRE_STILL_RUNNING",
      isOpen: true,
    });
    const [id = ""] = market.hires();
    await expect(market.resume(id, true)).rejects.toThrow(/nothing to refund/);
    seller.behaviour = { price: "Free" };
    expect(await market.resume(id)).toMatchObject({ outcome: "result", result: MARKETPLACE_RESULT });
  });

  it("that failed for free: there is nothing to ask back", async () => {
    const { url } = await market.seller({ price: "Free", jobs: "fails" });
    await expect(market.hire(url)).rejects.toMatchObject({ code: "HIRE_JOB_FAILED", isOpen: false });
  });

  it("whose funds cannot be locked is told from one that failed", async () => {
    const wallet = "b715e99fc1bc326a58429101faf1fbdd55a18cf6bd1bf071c7fcf5f0";
    await market.client.control("PATCH", `/wallets/${wallet}`, { balanceLovelace: 0 });
    const { url } = await market.seller();
    await expect(market.hire(url)).rejects.toMatchObject({ code: "HIRE_NOT_PAID", isOpen: false });
  });
});

it("a result with another hash is told, and its money can be disputed", async () => {
  const { url } = await market.seller({ hashed: "something else" });
  const report = await market.hire(url);
  expect(report).toMatchObject({ outcome: "differs", result: MARKETPLACE_RESULT, hashRule: null });
  expect(await market.resume(report.id ?? "", true)).toMatchObject({ outcome: "refund" });
  expect(await market.resume(report.id ?? "")).toMatchObject({ purchase: { onChainState: "Disputed" } });
});
