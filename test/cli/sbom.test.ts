import { chmodSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type SbomFlags, sbom } from "../../cli/commands/sbom.ts";
import { fakePulumi } from "../helpers/fake-pulumi.ts";
import { CliStack } from "./stack.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const image = (name: string, outputs: Record<string, string>, more = {}) => ({
  urn: `urn:pulumi:preprod::masumi-agents::masumi:index:CrewImage$docker:index/image:Image::${name}`,
  type: "docker:index/image:Image",
  outputs,
  ...more,
});
const STATE = {
  deployment: {
    resources: [
      image("_runtime", { imageName: "r.example.com/a:_runtime-1", repoDigest: `r.example.com/a@${DIGEST}` }),
      image("writer", { imageName: "masumi-agents-preprod:writer-1", repoDigest: DIGEST }),
      image("writer", { imageName: "masumi-agents-preprod:writer-0", repoDigest: DIGEST }, { delete: true }),
    ],
  },
};

/** A stack whose state names these images, and a syft that says what it was asked for. */
async function stackWith(syft?: string): Promise<CliStack> {
  const stack = await CliStack.start();
  stack.project.write("state.json", JSON.stringify(STATE));
  fakePulumi(stack.project, `cat "${stack.project.path("state.json")}"`);
  if (syft !== undefined) {
    stack.project.write("bin/syft", `#!/bin/sh\n${syft}\n`);
    chmodSync(stack.project.path("bin/syft"), 0o755);
  }
  return stack;
}

const run = (stack: CliStack, agent?: string, flags: Partial<SbomFlags> = {}) =>
  stack.run(
    (project) => sbom(project, { stack: "preprod", out: "sbom", ...flags }, agent),
    stack.project.env,
  );

describe("sbom", () => {
  const WRITES = 'printf \'%s\' "$2" > "${5#spdx-json=}"';

  it("writes one of each image that was built: by digest where there is one, and of none that is gone", async () => {
    await using stack = await stackWith(WRITES);
    const { exitCode, stdout } = await run(stack, undefined, { json: true });
    expect(exitCode).toBe(0);
    const { images } = JSON.parse(stdout) as { images: { name: string; file: string }[] };
    expect(images.map(({ name, file }) => [name, readFileSync(file, "utf8")])).toEqual([
      ["_runtime", `r.example.com/a@${DIGEST}`],
      ["writer", "masumi-agents-preprod:writer-1"],
    ]);
  });

  it("writes that of one agent, and says which there are where there is none", async () => {
    await using stack = await stackWith(WRITES);
    expect((await run(stack, "writer")).stdout).toBe(
      `writer: ${stack.project.path("sbom/writer.spdx.json")}\n`,
    );
    await expect(run(stack, "nobody")).rejects.toThrow(
      "built no image nobody. Its images: _runtime, writer.",
    );
  });

  it("says of a stack without containers that it builds no image", async () => {
    await using stack = await stackWith();
    stack.declare({ a: {} });
    await expect(run(stack, undefined, { stack: "local" })).rejects.toThrow(
      "Stack local builds no image: none of its agents is hosted in a container.",
    );
  });

  it("says what is missing, and what syft says", async () => {
    await using without = await stackWith();
    await expect(run(without)).rejects.toThrow("syft, which is not on PATH: install it");
    await using failing = await stackWith("echo denied: log in first >&2; exit 1");
    await expect(run(failing)).rejects.toThrow(
      `syft could not read r.example.com/a@${DIGEST} (exit code 1): denied: log in first`,
    );
  });
});
