import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { portalLeftOut } from "../../cli/commands/demo.ts";

it("leaves the portal out where its packages are not installed, and says what adds it", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "masumi-demo-"));
  onTestFinished(() => rmSync(elsewhere, { recursive: true }));
  const told = portalLeftOut(`${elsewhere}/`);
  expect(told).toMatch(/was left out: .*\n {2}npm install .*hono@\d\S* .*&& npx masumi-agents portal\n$/);
  expect(told).not.toContain("PACKAGE_MISSING");
  expect(portalLeftOut()).toBeUndefined();
});
