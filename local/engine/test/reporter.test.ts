import { expect, it } from "vitest";
import type { EngineEvent } from "../index.ts";
import { Reporter } from "../reporter.ts";

it("an error of a resource that fails the whole run too is reported once", () => {
  const said: string[] = [];
  const reporter = new Reporter("up", (event: EngineEvent) => {
    if (event.kind === "diagnostic") said.push(`${event.urn ?? "run"}: ${event.message}`);
  });
  reporter.error("STATE_REJECTED: no", "urn:a");
  reporter.error("STATE_REJECTED: no");
  reporter.error("STATE_REJECTED: no", "urn:b");
  reporter.error("update failed");
  expect(said).toEqual(["urn:a: STATE_REJECTED: no", "urn:b: STATE_REJECTED: no", "run: update failed"]);
  expect(reporter.errors).toBe(3);
});
