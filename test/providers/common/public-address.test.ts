import { describe, expect, it } from "vitest";
import { isPrivateUrl, isPublicAddress } from "../../../providers/common/public-address.ts";
import examples from "../../fixtures/addresses/public.json" with { type: "json" };

describe("an address", () => {
  it.each(Object.entries(examples))("%s is public: %s", (address, isPublic) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });

  it.each(["::ffff:0:0", "64:ff9b::", "0:0:0:0:0:ffff:7f00:0001", "fe80::1%eth0"])(
    "%s, spelled otherwise, is not public",
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );
});

describe("a URL", () => {
  it.each([
    ["https://agent.example.com", false],
    ["https://93.184.216.34/x", false],
    ["https://[64:ff9b::7f00:1]", true],
    ["https://[fec0::1]", true],
    ["http://agent.internal", true],
    ["http://agent", true],
  ])("%s is private by its looks: %s", (url, isPrivate) => {
    expect(isPrivateUrl(url)).toBe(isPrivate);
  });
});
