import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Market } from "../buyer/market.ts";
import { MARKETPLACE_RESULT } from "../buyer/seller.ts";

let market: Market;
beforeEach(async () => void (market = await Market.open()));
afterEach(() => market[Symbol.asyncDispose]());

const TOPIC = ["--input", "topic=Heat pumps"];

describe("masumi-agents hire", () => {
  it("prints the result on stdout, and everything else on stderr", async () => {
    const { url } = await market.seller();
    const { exitCode, stdout, stderr } = await market.project.run(
      "hire",
      url,
      ...TOPIC,
      "--max-price",
      "5USDM",
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${MARKETPLACE_RESULT}\n` });
    expect(stderr).toMatch(
      /Seller asks 5 tUSDM[\s\S]*Result submitted[\s\S]*its hash is the one on the chain \(computed from the result as JSON text/,
    );
    expect(stderr).not.toContain("sandbox-buyer-key");
  });

  it("prints how it ended as JSON, and lists the hire", async () => {
    const { url } = await market.seller();
    const { stdout } = await market.project.run("hire", url, ...TOPIC, "--json");
    const report = JSON.parse(stdout) as { id: string };
    expect(report).toMatchObject({ version: 1, outcome: "result", agent: { url, name: "Seller" } });
    expect((await market.project.run("hire", "--list")).stdout).toMatch(
      new RegExp(`^${report.id} .* Seller  5 tUSDM$`, "m"),
    );
  });

  it.each([
    ["2, when the money was asked back", { jobs: "fails" }, 2, ""],
    ["1, when the result has another hash", { hashed: "other" }, 1, `${MARKETPLACE_RESULT}\n`],
    ["1, when the terms differ", { registeredUrl: "https://other.example.com" }, 1, ""],
  ] as const)("ends with %s", async (_, behaviour, exitCode, stdout) => {
    const { url } = await market.seller(behaviour);
    expect(await market.project.run("hire", url, ...TOPIC)).toMatchObject({ exitCode, stdout });
  });

  it("ends with 3 when its time is over, and says how to go on", async () => {
    const seller = await market.seller({ jobs: "never ends" });
    const first = await market.project.run("hire", seller.url, ...TOPIC, "--timeout", "0.03");
    expect(first.exitCode).toBe(3);
    const [, id = ""] = /HIRE_STILL_RUNNING: .* hire --resume (\w+)$/m.exec(first.stderr) ?? [];
    seller.behaviour = {};
    expect(await market.project.run("hire", "--resume", id)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ["no agent", [], /Name an agent/],
    ["agent and hire at once", ["x", "--resume", "y"], /Name an agent/],
    ["a refund of nothing", ["x", "--refund"], /--refund needs --resume/],
    ["a hire that is not there", ["--resume", "../../secrets"], /HIRE_UNKNOWN/],
    ["no time", ["x", "--timeout", "0"], /--timeout 0/],
    ["no days", ["http://127.0.0.1:9", "--max-days", "0"], /--max-days 0/],
    ["no price", ["http://127.0.0.1:9", "--max-price", "cheap"], /--max-price cheap/],
  ])("refuses %s", async (_, words, message) => {
    const { exitCode, stderr } = await market.project.run("hire", ...words);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
  });

  it("killed while it pays, it pays once, and the next one goes on", async () => {
    const { url } = await market.seller();
    await market.fault({ kind: "hang-after-write", route: "POST /purchase" });
    const { child, done } = market.project.start("hire", url, ...TOPIC);
    await expect.poll(() => market.purchases(), { timeout: 20_000 }).toHaveLength(1);
    child.kill("SIGKILL");
    await done;
    const [id = ""] = market.hires();
    expect(await market.project.run("hire", "--resume", id)).toMatchObject({
      exitCode: 0,
      stdout: `${MARKETPLACE_RESULT}\n`,
    });
    expect(await market.purchases()).toHaveLength(1);
  });

  it("killed between its request and the agent's answer, the next one goes on with the same job", async () => {
    const seller = await market.seller({ startAnswer: "never comes" });
    const { child, done } = market.project.start("hire", seller.url, ...TOPIC);
    await expect.poll(() => seller.jobs.size, { timeout: 20_000 }).toBe(1);
    child.kill("SIGKILL");
    await done;
    seller.behaviour = {};
    const [id = ""] = market.hires();
    expect((await market.project.run("hire", "--list")).stdout).toMatch(/no answer of the agent yet$/m);
    expect(await market.project.run("hire", "--resume", id)).toMatchObject({
      exitCode: 0,
      stdout: `${MARKETPLACE_RESULT}\n`,
    });
    expect(seller.jobs.size).toBe(1);
    expect(await market.purchases()).toHaveLength(1);
  });

  it("asks for a limit and a buyer on Mainnet", async () => {
    market.project.write("Pulumi.mainnet.yaml", "config: { masumi:network: Mainnet }\n");
    const { url } = await market.seller();
    const words = [
      "hire",
      url,
      "--stack",
      "mainnet",
      ...TOPIC,
      "--payment-service",
      `${market.sandbox.url}/api/v1`,
    ];
    expect((await market.project.run(...words)).stderr).toContain("HIRE_MAX_PRICE_MISSING");
    words.push("--max-price", "5USDM");
    expect((await market.project.run(...words)).stderr).toContain("HIRE_BUYER_MISSING");
    market.project.env["MASUMI_BUYER_KEY"] = "sandbox-buyer-key";
    // The sandbox's key is one of Preprod.
    expect((await market.project.run(...words)).stderr).toContain("HIRE_BUYER_REFUSED");
  });
});
