import { describe, expect, it } from "vitest";
import { examineDrift, excessRights, keyWarnings, runtimeKeyProblem } from "../../../infra/fleet/index.ts";
import { MasumiClient } from "../../../providers/masumi/service/index.ts";
import { rightsProblem } from "../../../infra/fleet/refusals.ts";
import { startService } from "../../providers/masumi/service.ts";
import { OWNER, configOf, declare, register } from "./stack.ts";

const URL = "http://127.0.0.1/api/v1";
const preprod = configOf(URL);
const mainnet = { ...preprod, network: "Mainnet" as const };

const SAFE = {
  permission: "ReadAndPay",
  canPay: true,
  canAdmin: false,
  NetworkLimit: ["Preprod", "Mainnet"],
  status: "Active",
  usageLimited: true,
  RemainingUsageCredits: [],
  walletScopeEnabled: true,
  WalletScopes: [{}],
};
const ADMIN = { ...SAFE, permission: "Admin", canAdmin: true };

describe("a key", () => {
  it("of an admin is refused on Mainnet, whoever would use it and whether money is spent or not", () => {
    for (const spends of [true, false])
      expect(rightsProblem(ADMIN, mainnet, { spends })?.code).toBe("ADMIN_KEY_REFUSED");
    expect(runtimeKeyProblem({ name: "runtimeKeys.a", status: ADMIN }, mainnet)?.message).toMatch(
      /^ADMIN_KEY_REFUSED: masumi:runtimeKeys\.a is an admin key/,
    );
    expect(rightsProblem(ADMIN, preprod, { spends: true })).toBeUndefined();
    expect(runtimeKeyProblem({ name: "runtimeKey", status: ADMIN }, preprod)).toBeUndefined();
  });

  it("that crews have must be of the network, and able to take payments", () => {
    const code = (changes: object) =>
      runtimeKeyProblem({ name: "runtimeKey", status: { ...SAFE, ...changes } }, preprod)?.code;
    expect(code({})).toBeUndefined();
    expect(code({ NetworkLimit: ["Mainnet"] })).toBe("KEY_OF_OTHER_NETWORK");
    expect(code({ canPay: false, permission: "Read" })).toBe("KEY_CANNOT_PAY");
  });

  it.each<[what: string, changes: object, said: RegExp[]]>([
    ["nothing", {}, []],
    ["everything", ADMIN, [/is an admin key/]],
    ["buying without limit", { usageLimited: false }, [/may buy without limit/]],
    ["buying a little", { RemainingUsageCredits: [{ unit: "", amount: "5" }] }, [/has usage credits/]],
    ["every wallet", { walletScopeEnabled: false }, [/may use every wallet/]],
    ["more wallets", { WalletScopes: Array.from({ length: 9 }, () => ({})) }, [/may use 9 wallets/]],
    ["what an old service does not tell", { usageLimited: undefined, walletScopeEnabled: undefined }, []],
  ])("of a crew may be too good for: %s", (_, changes, said) => {
    const rights = excessRights({ name: "runtimeKey", status: { ...SAFE, ...changes } }, preprod);
    expect(rights.map(({ what }) => what)).toEqual(
      said.map((text) => expect.stringMatching(text) as unknown),
    );
  });

  it("that agents share is warned of on Mainnet alone", () => {
    const agents = declare({ a: {}, b: {} }).map((agent) => ({
      ...agent,
      source: { kind: "image" as const, image: "i" },
      secrets: ["PAYMENT_KEY" as const],
    }));
    const having = (agentsWithKeys: Record<string, string[]>) => ({
      secrets: ["runtimeKey", "runtimeKeys"],
      agentsWithKeys,
    });
    const warnings = (changes: object) => keyWarnings({ ...mainnet, ...changes }, agents);
    expect(warnings({ secrets: ["runtimeKey"] })).toEqual([
      expect.stringMatching(/^a, b share masumi:runtimeKey/),
    ]);
    expect(warnings(having({ runtimeKeys: ["a"] }))).toEqual([]);
    expect(warnings(having({ runtimeKeys: ["a", "c"] }))).toEqual([
      expect.stringMatching(/has c, which is no agent/),
    ]);
    expect(keyWarnings({ ...preprod, secrets: ["runtimeKey"] }, agents)).toEqual([]);
  });
});

describe("a registration on our wallets that is not ours", () => {
  it("is drift until it is known", async () => {
    await using service = await startService();
    const client = new MasumiClient({ url: service.url, token: "sandbox-read-key" });
    const [mine, theirs] = declare({ mine: {}, theirs: {} });
    if (!mine || !theirs) throw new Error("two agents were declared");
    await register(service.url, mine);
    const strange = await register(service.url, theirs, "somebody-else");
    const look = async (settings: Record<string, unknown> = {}) => {
      const { foreign, hasDrifted } = await examineDrift(client, {
        config: configOf(service.url, settings),
        agents: [mine],
        urlOf: ({ source }) => (source.kind === "url" ? source.url : undefined),
      });
      return { ids: foreign.map(({ id }) => id), hasDrifted };
    };
    expect(OWNER).not.toBe("somebody-else");
    expect(await look()).toEqual({ ids: [strange.id], hasDrifted: true });
    for (const known of ["somebody-else", strange.id]) {
      expect(await look({ otherRegistrations: [known] })).toEqual({ ids: [], hasDrifted: false });
    }
  });
});
