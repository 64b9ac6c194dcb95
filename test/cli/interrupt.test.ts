import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { outsideAgent } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";

/** An agent that takes every question and never answers: its registration waits for it. */
const silent = createServer(() => undefined);
let sandbox: RunningSandbox;
let project: TestProject;

beforeEach(async () => {
  sandbox = await startSandbox({ chainSpeed: "instant" });
  project = new TestProject();
  project.useSandbox(sandbox.url);
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
});

afterEach(async () => {
  await project.dispose();
  await sandbox.close();
  silent.closeAllConnections();
  silent.close();
});

it("a second ^C ends up at once, and the state tells what was under way", async () => {
  const { port } = silent.address() as AddressInfo;
  project.write("agents/writer.yaml", outsideAgent("Writer", `http://127.0.0.1:${port}`));
  const asked = once(silent, "request");
  const { child, done } = project.start("up");
  await asked;
  child.kill("SIGINT");
  await once(child.stderr ?? child, "data");
  child.kill("SIGINT");
  const { exitCode, stderr } = await done;
  expect(stderr).toContain("Press ^C again to end at once.");
  expect(exitCode).toBe(130);
  const { stdout } = await project.run("stack", "export");
  expect(JSON.parse(stdout)).toMatchObject({
    deployment: {
      pending_operations: [
        { type: "creating", resource: { type: expect.stringContaining("AgentRegistration") } },
      ],
    },
  });
});
