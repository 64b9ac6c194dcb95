import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Places } from "../../../portal/places.ts";
import { tryAgent } from "../../../portal/runs/try.ts";
import { openProject } from "../../../stacks/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masumi-portal-try-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: fleets\nruntime: nodejs\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("trying an agent", () => {
  it("is done once at a time for each user, so that nobody keeps all others from it", async () => {
    const project = openProject(folder);
    const attempt = (userId: string) =>
      tryAgent(
        { userId, project, stack: "local-customers-01", agentId: "a", input: {}, env: {} },
        AbortSignal.timeout(60_000),
      );
    const ends = await Promise.allSettled([
      attempt("anna"),
      attempt("anna"),
      attempt("ben"),
      attempt("cleo"),
    ]);
    const reasons = ends.map((end) => (end.status === "rejected" ? String(end.reason) : end.status));
    expect(reasons).toEqual([
      expect.stringContaining("not deployed"),
      expect.stringContaining("being tried just now"),
      expect.stringContaining("not deployed"),
      expect.stringContaining("being tried just now"),
    ]);
  });
});

describe("places", () => {
  it("are given back once, however often that is said", () => {
    const places = new Places({ each: 1 });
    const giveBack = places.take("anna");
    expect(places.take("anna")).toBeUndefined();
    giveBack?.();
    const again = places.take("anna");
    expect(again).toBeDefined();
    giveBack?.();
    expect(places.take("anna")).toBeUndefined();
    expect(places.take("ben")).toBeDefined();
  });
});
