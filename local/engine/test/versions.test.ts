import { describe, expect, it } from "vitest";
import { compareVersions, defaultProviderName, isVersion } from "../versions.ts";

describe("versions", () => {
  it.each([
    ["1.2.3", true],
    ["1.2.3-alpha.1+build", true],
    ["1.2", false],
    ["v1.2.3", false],
    ["latest", false],
  ])("%s is one: %s", (text, expected) => {
    expect(isVersion(text)).toBe(expected);
  });

  it("are ordered by their numbers, a pre-release before its release", () => {
    const versions = ["1.10.0", "1.2.0-beta", "1.2.0", "0.9.9", "1.2.0-alpha", "v1.9.0"];
    expect(versions.toSorted(compareVersions)).toEqual([
      "0.9.9",
      "1.2.0-alpha",
      "1.2.0-beta",
      "1.2.0",
      "v1.9.0",
      "1.10.0",
    ]);
  });

  it.each([
    ["", "default"],
    ["1.2.3", "default_1_2_3"],
    ["1.2.3-alpha.1", "default_1_2_3_alpha_1"],
  ])("%s names the default provider %s", (version, name) => {
    expect(defaultProviderName(version)).toBe(name);
  });
});
