import { expect, test } from "vitest";
import { isMarker, marker, ownerOf, ownerTag } from "../../../../providers/masumi/service/marker.ts";

test("the marker is frozen: rows on the chain bear it", () => {
  expect(marker("example/agents", "market-researcher")).toBe("iac-d67dd56e51c0f455-a0a441df50395dd4");
});

test("a marker is a tag that the service finds by its exact text", () => {
  const tag = marker("Some Owner GmbH", "Ünïcode agent");
  expect(tag).toBe(tag.toLowerCase());
  expect(tag.length).toBeLessThanOrEqual(63);
  expect(isMarker(tag)).toBe(true);
});

test("an owner's markers have the owner's part in common, and nothing else is taken for a marker", () => {
  expect(ownerOf(marker("o", "a"))).toBe(ownerTag("o"));
  expect(ownerOf(marker("o", "b"))).toBe(ownerTag("o"));
  expect(marker("o", "a")).not.toBe(marker("o", "b"));
  expect(ownerTag("o")).not.toBe(ownerTag("p"));
  for (const tag of ["iac", "iac-tools", ownerTag("o"), "finance"]) expect(isMarker(tag)).toBe(false);
});
