import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { PROVIDER_TEXTS } from "../../providers/provider-texts.ts";
import { type RunEvent, runStack } from "../../stacks/index.ts";
import { startWriterStack } from "./writer-stack.ts";

// Whole runs, on a machine that may have much to do.
vi.setConfig({ testTimeout: 120_000 });

describe("whoever writes the local stack's state gets no code run", () => {
  it("by refresh, destroy or up: each names the resource, and changes nothing", async () => {
    await using stack = await startWriterStack();
    const { folder, project } = stack;
    const run = async (operation: "up" | "refresh" | "destroy", refresh = false) => {
      const events: RunEvent[] = [];
      const onEvent = (event: RunEvent) => void events.push(event);
      const { exitCode } = await runStack(
        project,
        { stack: "local", operation, refresh },
        { env: {}, onEvent },
      );
      return { exitCode, said: JSON.stringify(events) };
    };
    expect(await run("up")).toMatchObject({ exitCode: 0 });

    const [file = ""] = globSync(join(project.stateRoot, ".pulumi/stacks/*/local.json"));
    const trace = join(folder.root, "code-ran");
    const forged = `require("node:fs").writeFileSync(${JSON.stringify(trace)}, "");${PROVIDER_TEXTS.AgentRegistration}`;
    const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
    const state = readFileSync(file, "utf8");
    const evil = state.replaceAll(quoted(PROVIDER_TEXTS.AgentRegistration), quoted(forged));
    expect(evil).not.toBe(state);

    for (const attempt of [
      () => run("refresh"),
      () => run("destroy"),
      () => run("up", true),
      () => run("up"),
    ]) {
      writeFileSync(file, evil);
      const { exitCode, said } = await attempt();
      expect(exitCode).not.toBe(0);
      expect(said).toContain("AgentRegistration::writer");
      expect(said).not.toContain(quoted(quoted(trace)));
      expect(existsSync(trace), "the code in the state ran").toBe(false);
    }
    writeFileSync(file, state);
    expect(await run("destroy")).toMatchObject({ exitCode: 0 });
  });
});
