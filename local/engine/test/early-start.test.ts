import { execFile, execFileSync } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { preview, up, type EngineEvent } from "../index.ts";
import { initStack } from "../stack/index.ts";
import { SECRET, TestProject } from "./helpers/project.ts";

const SCRIPT = fileURLToPath(new URL("helpers/run-engine.ts", import.meta.url));

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
  await project.want({ name: "a", token: true });
  const { ok } = await up(project.options());
  if (!ok) throw new Error("the stack could not be made");
});

afterEach(() => project.remove());

/** What an engine in a process of its own reports, which has derived no key yet. */
async function upElsewhere(): Promise<EngineEvent[]> {
  const { onEvent: _onEvent, ...options } = project.options({ env: { SAID: SECRET } });
  const done = await promisify(execFile)(process.execPath, [SCRIPT, JSON.stringify(options)]).catch(
    (error: { stdout: string }) => error,
  );
  return done.stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as EngineEvent]));
}

/** Has Node run a script in the program before it loads the SDK. */
async function loadEarly(script: string): Promise<void> {
  const [file, settings] = [join(project.folder, "early.cjs"), join(project.folder, "Pulumi.yaml")];
  await writeFile(file, script);
  const text = await readFile(settings, "utf8");
  await writeFile(settings, text.replace("typescript: false", `$&\n    nodeargs: --require ${file}`));
}

function childrenOf(pid: number): string[] {
  const listed = execFileSync("ps", ["-A", "-o", "ppid=,args="], { encoding: "utf8" });
  return listed.split("\n").filter((line) => new RegExp(`^\\s*${pid}\\s.*pulumi/cmd/`, "u").test(line));
}

describe("a program that starts before the state is read", () => {
  it("has what it prints masked by the state's secrets, also where the state has a salt of its own", async () => {
    await rm(join(project.folder, "Pulumi.dev.yaml"));
    await initStack(project.options());
    await loadEarly("console.log(`it is ${process.env.SAID}`);");
    const said = (await upElsewhere()).flatMap((event) =>
      event.kind === "diagnostic" ? [event.message] : [],
    );
    expect(said).toContain("it is [secret]");
    expect(said.join("\n")).not.toContain(SECRET);
  });

  type Change = (text: string) => string;
  it.each<[string, RegExp, Change]>([
    [
      "with a secret of another stack",
      /BAD_CIPHERTEXT/u,
      (text) => text.replaceAll(/"ciphertext":"v1:..../gu, "$&XXXX"),
    ],
    [
      "that contradicts itself",
      /BAD_STATE/u,
      (text) => text.replaceAll('"parent":"urn:', '"parent":"urn:no'),
    ],
    ["that is cut off", /BAD_STATE/u, (text) => text.slice(0, text.length / 2)],
    [
      "of another passphrase",
      /WRONG_PASSPHRASE/u,
      (text) => text.replace(/"salt":"v1:[^:]+/u, '"salt":"v1:AAAAAAAAAAA='),
    ],
  ])(
    "is gone, and so are its provider and the lock, where the state is one %s",
    async (_, message, change) => {
      const broken = change(await readFile(project.stateFile, "utf8"));
      await writeFile(project.stateFile, broken);
      await project.calls();
      for (const run of [up, preview]) {
        const { ok, diagnostics } = await run(project.options({ env: { PROGRAM_PRINTS: "yes" } }));
        const errors = diagnostics.flatMap(({ severity, message }) =>
          severity === "error" ? [message] : [],
        );
        expect(ok).toBe(false);
        expect(errors[0]).toMatch(message);
        expect(errors[1]).toMatch(/^(?:update|preview) failed$/u);
        expect(childrenOf(process.pid)).toEqual([]);
        expect(await readdir(project.lockFolder)).toEqual([]);
      }
      expect(await project.calls()).toEqual([]);
      expect(await readFile(project.stateFile, "utf8")).toBe(broken);
    },
  );

  it("may end or fail at once", async () => {
    const entry = join(project.folder, "infra/index.ts");
    await loadEarly("process.exit(3);");
    const failed = await up(project.options());
    expect(failed.ok).toBe(false);
    expect(failed.diagnostics.map(({ message }) => message).join("\n")).toMatch(/non-zero exit code: 3/u);
    expect(await project.names()).toEqual(["a"]);
    await writeFile(join(project.folder, "early.cjs"), "");
    await writeFile(entry, "");
    expect((await up(project.options())).changes).toMatchObject({ delete: 1 });
    expect(childrenOf(process.pid)).toEqual([]);
  });
});
