import { describe, expect, it } from "vitest";
import { ConfigurationError, assetOverrides, readStackConfig } from "../../infra/config.ts";

const VKEY = "ab".repeat(28);
const complete = {
  "masumi:network": "Preprod",
  "masumi:paymentServiceUrl": "https://payment.example.com/api/v1",
  "masumi:apiKey": "a-provisioning-key",
  "masumi:owner": "example",
  "masumi:wallets": JSON.stringify([{ vkey: VKEY, type: "V2" }]),
  "masumi:modelApi": "https://models.example.com/v1",
};

const read = (changes: Record<string, string | undefined>, env: Record<string, string> = {}) => {
  const values = Object.entries({ ...complete, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return readStackConfig({ stack: "preprod", values: Object.fromEntries(values), env });
};

const problemsOf = (changes: Record<string, string | undefined>): readonly string[] => {
  try {
    read(changes);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe("stack configuration", () => {
  it("fills in the defaults", () => {
    expect(read({})).toMatchObject({
      hosting: "process",
      settleSeconds: 30,
      probeSeconds: 60,
      waitMinutes: 60,
      modelName: "gpt-4.1-mini",
      v1Replacement: "create-first",
      allowPrivateUrls: false,
      wallets: [{ vkey: VKEY, type: "V2" }],
    });
  });

  it("leaves other namespaces alone", () => {
    expect(read({ "aws:region": "eu-central-1" })).not.toHaveProperty("region");
  });

  it("takes MASUMI_API_KEY before masumi:apiKey, since a destroy sees today's environment", () => {
    expect(read({}, { MASUMI_API_KEY: "from-the-environment" }).apiKey).toBe("from-the-environment");
    expect(read({ "masumi:apiKey": undefined }, { MASUMI_API_KEY: "only-there" }).apiKey).toBe("only-there");
  });

  it.each<[what: string, changes: Record<string, string | undefined>, said: RegExp]>([
    [
      "an unknown network",
      { "masumi:network": "preprod" },
      /masumi:network: .*"Preprod"\|"Mainnet".*config set/,
    ],
    ["a missing network", { "masumi:network": undefined }, /masumi:network/],
    ["a missing key", { "masumi:apiKey": undefined }, /masumi:apiKey is missing: pulumi config set --secret/],
    ["a missing owner", { "masumi:owner": undefined }, /masumi:owner is missing.*marks your registrations/],
    [
      "a URL that is none",
      { "masumi:paymentServiceUrl": "payment" },
      /masumi:paymentServiceUrl: expected the service's base/,
    ],
    ["no wallet", { "masumi:wallets": "[]" }, /masumi:wallets: expected at least one selling wallet/],
    ["wallets that are not JSON", { "masumi:wallets": "{" }, /masumi:wallets: expected YAML or JSON/],
    [
      "a vkey in upper case",
      { "masumi:wallets": `[{"vkey":"${"AB".repeat(28)}","type":"V2"}]` },
      /masumi:wallets\.0\.vkey: .*lower-case hex/,
    ],
    [
      "a wallet twice",
      {
        "masumi:wallets": JSON.stringify([
          { vkey: VKEY, type: "V1" },
          { vkey: VKEY, type: "V2" },
        ]),
      },
      /names abab.* twice/,
    ],
    [
      "a hosting that is not there yet",
      { "masumi:hosting": "ecs-alb" },
      /"ecs-alb" is not available in this version/,
    ],
    ["an unknown hosting", { "masumi:hosting": "cloud" }, /expected one of process/],
    [
      "a wait that is no number",
      { "masumi:waitMinutes": "soon" },
      /masumi:waitMinutes: expected a whole number/,
    ],
    ["no model for crews", { "masumi:modelApi": undefined }, /masumi:modelApi is missing/],
    ["a misspelt setting", { "masumi:netwrok": "Preprod" }, /masumi:netwrok is not a setting/],
    ["Mainnet unconfirmed", { "masumi:network": "Mainnet" }, /masumi:confirmMainnet must be true/],
    [
      "private URLs on Mainnet",
      { "masumi:network": "Mainnet", "masumi:confirmMainnet": "true", "masumi:allowPrivateUrls": "true" },
      /masumi:allowPrivateUrls is for simulated networks/,
    ],
  ])("refuses %s", (_what, changes, said) => {
    expect(problemsOf(changes)).toEqual([expect.stringMatching(said)]);
  });

  it("tells all problems at once", () => {
    const problems = problemsOf({
      "masumi:network": "x",
      "masumi:owner": undefined,
      "masumi:wallets": "[]",
      "masumi:apiKey": undefined,
    });
    expect(problems).toHaveLength(4);
  });

  it("never repeats a secret", () => {
    const secret = "sentinel-secret-value";
    const problems = problemsOf({
      "masumi:apiKey": secret,
      "masumi:modelKey": secret,
      "masumi:network": "x",
    });
    expect(problems.join("\n")).not.toContain(secret);
  });

  it("reads token overrides without the rest, for offline checks", () => {
    const unit = "c4".repeat(28);
    expect(assetOverrides({ "masumi:assets": JSON.stringify({ USDM: { unit, decimals: 6 } }) })).toEqual({
      USDM: { unit, decimals: 6 },
    });
    expect(assetOverrides({})).toBeUndefined();
  });
});
