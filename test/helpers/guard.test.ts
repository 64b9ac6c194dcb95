import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { guarded } from "./guard.ts";

const FOREVER = "console.log(process.pid); setInterval(() => {}, 1000)";

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("a guarded program ends with its parent, even one that was killed", async () => {
  const [command, args] = guarded(process.execPath, "-e", FOREVER);
  const start =
    `const options = { detached: true, stdio: ["pipe", "inherit", "ignore"] };` +
    `require("node:child_process").spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, options)`;
  const parent = spawn(process.execPath, ["-e", start], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => isAlive(pid)).toBe(false);
});

it("a guarded program's exit code is its own", async () => {
  const [command, args] = guarded(process.execPath, "-e", "process.exit(7)");
  const child = spawn(command, args, { detached: true, stdio: ["pipe", "ignore", "inherit"] });
  expect(await once(child, "close")).toEqual([7, null]);
});
