import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { up } from "../index.ts";
import { TestProject } from "./helpers/project.ts";

vi.setConfig({ testTimeout: 60_000 });

let project: TestProject;
beforeEach(async () => (project = await TestProject.create()));
afterEach(() => project.remove());

/** Puts lines before the program's own, or in their place. */
async function program(lines: string, { instead = false } = {}): Promise<void> {
  const file = join(project.folder, "infra/index.ts");
  await writeFile(file, instead ? lines : `${lines}\n${await readFile(file, "utf8")}`);
}

const urns = async (): Promise<string[]> => {
  const state = JSON.parse(await readFile(project.stateFile, "utf8")) as {
    checkpoint: { latest: { resources: { urn: string }[] } };
  };
  return state.checkpoint.latest.resources.map(({ urn }) => urn.replace(/^.*::/, ""));
};

describe("the pipe to the engine is the program's alone", () => {
  it("threads and forked children of it get none of its messages, and live", async () => {
    await project.want({ name: "a" }, { name: "b", dependsOn: ["a"] });
    await writeFile(join(project.folder, "infra/child.cjs"), "process.send('lives', () => process.exit())");
    await program(`
      import { fork } from "node:child_process";
      import { once } from "node:events";
      import { fileURLToPath } from "node:url";
      import { Worker } from "node:worker_threads";

      const worker = new Worker("setTimeout(() => undefined, 700)", { eval: true });
      const online = once(worker, "online");
      const child = fork(fileURLToPath(new URL("child.cjs", import.meta.url)));
      const said = await Promise.race([once(child, "message"), once(child, "exit")]);
      if (said[0] !== "lives") throw new Error("the child ended with " + said[0]);
      await online;
    `);
    const { ok, diagnostics } = await up(project.options());
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(ok).toBe(true);
    expect(await urns()).toEqual(expect.arrayContaining(["a", "b"]));
  });
});

describe("a program that fails, or that the engine does not hear", () => {
  it.each([
    [
      "since it throws before its first await",
      `import "@pulumi/pulumi"; throw new Error("at once");`,
      /failed with an unhandled exception:\nError: at once/,
    ],
    [
      "since its SDK believes the run to be over",
      `import * as pulumi from "@pulumi/pulumi";
       pulumi.getStack();
       globalThis.globalStore.terminated = true;`,
      /exited with non-zero exit code/,
    ],
    [
      "since it speaks gRPC to the engine's address, as a bundled SDK would",
      `import grpc from "@grpc/grpc-js";
       import * as pulumi from "@pulumi/pulumi";
       await new Promise((resolve) => setTimeout(resolve, 100));
       pulumi.getStack();
       new grpc.Client(process.env["PULUMI_NODEJS_MONITOR"], grpc.credentials.createInsecure());`,
      /Could not parse target name/,
    ],
  ])("%s: ends with an error, and nothing is removed", async (_, lines, said) => {
    await project.want({ name: "a" });
    expect((await up(project.options())).ok).toBe(true);
    await program(lines, { instead: true });
    const { ok, diagnostics, changes } = await up(project.options());
    expect(ok).toBe(false);
    expect(diagnostics.map(({ message }) => message).join("\n")).toMatch(said);
    expect(changes.delete).toBe(0);
    expect(await urns()).toContain("a");
  });
});
