import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bech32 } from "@scure/base";
import { hasPaymentKey, isAddressOf } from "../../../local/sandbox/chain/cardano.ts";
import { loadWorld, readWorld, WorldError } from "../../../local/sandbox/world.ts";
import { V1_WALLET, V2_WALLET } from "./client.ts";

const ADDRESS =
  "addr_test1qq93utfmc6ndumdawn7v8tdy4kgngwtqaglxswrarq4srkmy8c9vmp8mj9dk6hl5skzrmwmpslva9f8ppr372xy7gdjqj8fv88";

const wallet = { type: "Selling", vkey: V1_WALLET, address: ADDRESS };
const source = {
  network: "Preprod",
  paymentSourceType: "Web3CardanoV1",
  policyId: "7e8bdaf2b2b919a3a4b94002cafb50086c0c845fe535d07a77ab7f77",
  smartContractAddress: "addr_test1wz7j4kmg2cs7yf92uat3ed4a3u97kr7axxr4avaz0lhwdsqukgwfm",
  wallets: [wallet],
};
const key = { token: "a-token-long-enough", permission: "ReadAndPay" };
const world = { keys: [key], paymentSources: [source] };

describe("a world file", () => {
  it("needs little: keys, sources and their wallets", () => {
    const read = readWorld(world, "world.json");
    expect(read.dialect).toBe("0.28");
    expect(read.keys[0]).toMatchObject({ networks: ["Preprod"], status: "Active" });
    expect(read.wallets[0]).toMatchObject({ vkey: V1_WALLET, lovelace: 0 });
    expect(read.keys[0]?.id).toBe(readWorld(world, "world.json").keys[0]?.id);
  });

  it.each([
    ["no keys", { ...world, keys: [] }, "keys: Too small"],
    ["a short token", { ...world, keys: [{ ...key, token: "short" }] }, "keys[0].token: Too small"],
    ["the same token twice", { ...world, keys: [key, key] }, "keys[1].token is there more than once"],
    [
      "an unknown right",
      { ...world, keys: [{ ...key, permission: "Write" }] },
      "keys[0].permission: Invalid option",
    ],
    ["an unknown field", { ...world, wallets: [] }, '(whole file): Unrecognized key: "wallets"'],
    [
      "a scope without its wallet",
      { ...world, keys: [{ ...key, wallets: [V2_WALLET] }] },
      `no payment source has the wallet ${V2_WALLET}`,
    ],
    [
      "a wallet twice",
      { ...world, paymentSources: [{ ...source, wallets: [wallet, wallet] }] },
      `the wallet ${V1_WALLET} is there more than once`,
    ],
    [
      "an upper-case vkey",
      { ...world, paymentSources: [{ ...source, wallets: [{ ...wallet, vkey: V1_WALLET.toUpperCase() }] }] },
      "paymentSources[0].wallets[0].vkey: expected 56 lower-case hex characters",
    ],
    [
      "no address",
      { ...world, paymentSources: [{ ...source, wallets: [{ ...wallet, address: "here" }] }] },
      "paymentSources[0].wallets[0].address: expected a Cardano address",
    ],
    ["a dialect nobody spoke", { ...world, dialect: "1.0" }, "dialect: Invalid option"],
    ["a token with capitals", { ...world, assets: [{ unit: "ABC" }] }, "assets[0].unit: expected policy id"],
  ])("is refused for %s, saying where", (_, raw, complaint) => {
    expect(() => readWorld(raw, "world.json")).toThrow(WorldError);
    expect(() => readWorld(raw, "world.json")).toThrow(complaint);
  });

  it("shows all complaints at once and never a token", () => {
    const broken = { keys: [{ ...key, permission: "Write" }], paymentSources: [] };
    expect(() => readWorld(broken, "world.json")).toThrow(/keys\[0\]\.permission.*\n.*paymentSources/);
    expect(() => readWorld({ ...world, keys: [key, key] }, "world.json")).not.toThrow(key.token);
  });

  it.each([
    ["that is missing", "/nowhere/world.json", "cannot be read: ENOENT"],
    ["that is not JSON", import.meta.filename, "is not JSON"],
  ])("%s is refused", (_, file, complaint) => {
    expect(() => loadWorld(file)).toThrow(complaint);
  });

  it("of a file has what the default has where the file says nothing", () => {
    const file = join(mkdtempSync(join(tmpdir(), "world-")), "world.json");
    writeFileSync(file, JSON.stringify({ version: "0.30" }));
    expect(loadWorld(file)).toEqual({ ...loadWorld(), dialect: "0.30" });
    writeFileSync(file, JSON.stringify({ keys: [key] }));
    expect(loadWorld(file).keys.map(({ token }) => token)).toEqual([key.token]);
  });

  it("by default has a funded and an empty selling wallet of each kind, with real addresses", () => {
    const { wallets, keys } = loadWorld();
    const selling = wallets.filter(({ type }) => type === "Selling");
    expect(
      selling.map(({ lovelace, source: { paymentSourceType } }) => [paymentSourceType, lovelace]),
    ).toEqual([
      ["Web3CardanoV2", 10_000_000_000],
      ["Web3CardanoV2", 0],
      ["Web3CardanoV1", 10_000_000_000],
      ["Web3CardanoV1", 0],
    ]);
    expect(wallets.filter(({ address }) => !isAddressOf("Preprod", address))).toEqual([]);
    expect(keys.map(({ permission }) => permission)).toEqual([
      "Admin",
      "ReadAndPay",
      "ReadAndPay",
      "ReadAndPay",
      "Read",
    ]);
  });
});

describe("a Cardano address", () => {
  it.each([
    ["is one of its network", "Preprod", ADDRESS, true],
    ["is not one of the other network", "Mainnet", ADDRESS, false],
    ["has a checksum", "Preprod", ADDRESS.replace("qq93", "qq94"), false],
    ["has no strange characters", "Preprod", ADDRESS.replace("qq93", "qqb3"), false],
    ["has a body", "Preprod", "addr_test1xyz", false],
    ["may be on Mainnet", "Mainnet", "addr1wx7j4kmg2cs7yf92uat3ed4a3u97kr7axxr4avaz0lhwdsq87ujx7", true],
  ] as const)("%s", (_, network, address, expected) => {
    expect(isAddressOf(network, address)).toBe(expected);
  });

  const encoded = (prefix: string, header: number) =>
    bech32.encode(prefix, bech32.toWords(Uint8Array.from([header, ...Array<number>(56).fill(7)])), false);

  it("has no more in its prefix than the network", () => {
    expect(isAddressOf("Mainnet", encoded("addr1q", 0x01))).toBe(false);
    expect(isAddressOf("Mainnet", encoded("addr", 0x01))).toBe(true);
  });

  it("can be paid to a key only where its type says so", () => {
    const types = Array.from({ length: 16 }, (_, type) => type);
    const payable = types.filter((type) => hasPaymentKey("Preprod", encoded("addr_test", type << 4)));
    expect(payable).toEqual([0, 2, 4, 6]);
    expect(hasPaymentKey("Mainnet", encoded("addr_test", 0))).toBe(false);
  });
});
