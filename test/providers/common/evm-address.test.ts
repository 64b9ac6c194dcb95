import { describe, expect, it } from "vitest";
import { x402Settings } from "../../../infra/declarations/schema/x402.ts";
import { checksummed, evmAddressProblem } from "../../../providers/common/evm-address.ts";

/** The examples of EIP-55, and the contract of USDC on Base. */
const RIGHT = [
  "0x52908400098527886E0F7030069857D2E4169EE7",
  "0xde709f2102306220921060314715629080e2fb77",
  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
  "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
  "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
];

describe("an address on an EVM chain", () => {
  it.each(RIGHT)("%s is right, also without capitals", (address) => {
    expect(checksummed(address.toLowerCase())).toBe(address);
    expect(evmAddressProblem(address)).toBeUndefined();
    expect(evmAddressProblem(address.toLowerCase())).toBeUndefined();
  });

  it.each([
    ["a mistyped digit", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAef", /a digit is wrong/],
    ["two digits in the wrong order", "0x5aAeb6053F3E94C9b9A09f33669453E7Ef1BeAed", /a digit is wrong/],
    ["other capitals", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", /a digit is wrong/],
    ["a digit too few", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", /0x and 40 hex digits/],
  ])("with %s is refused before anybody can be paid there", (_, address, said) => {
    expect(evmAddressProblem(address)).toMatch(said);
    const tokens = { USDC: { address: RIGHT[5], decimals: 6 } };
    const place = { network: "eip155:8453", payTo: address, tokens };
    expect(x402Settings.safeParse({ base: place }).error?.message).toMatch(said);
    const right = { ...place, payTo: RIGHT[2] };
    expect(x402Settings.safeParse({ base: right }).success).toBe(true);
    const token = { base: { ...right, tokens: { USDC: { address, decimals: 6 } } } };
    expect(x402Settings.safeParse(token).error?.message).toMatch(said);
  });
});
