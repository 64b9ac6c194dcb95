import { chmodSync, existsSync, globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type AgentOutput,
  type RunEvent,
  judgeImports,
  makeRealStack,
  openProject,
  planDocument,
  planStack,
  readAgentOutputs,
  readImportable,
  readStack,
  runStack,
  withAvailability,
  writeImports,
} from "../../stacks/index.ts";
import type { Draft } from "../../stacks/import/judge.ts";
import { runPulumi } from "../../stacks/run.ts";
import { TestProject, repository } from "../helpers/project.ts";
import { startWriterStack } from "./writer-stack.ts";

describe("stacks/ and buyer/ are libraries", () => {
  const TERMINAL =
    /console\.|process\.(env|std(in|out|err)|exitCode|exit\(|argv|on\(|once\()|styleText|readline|padEnd/;

  it.each(globSync("{stacks,buyer}/**/*.ts", { cwd: repository }))("%s knows no terminal", (file) => {
    const lines = readFileSync(join(repository, file), "utf8").split("\n");
    expect(lines.filter((line) => TERMINAL.test(line))).toEqual([]);
  });
});

describe("another front end than the command line", () => {
  it("plans a stack, runs up with its events, and reads what came of it", async () => {
    await using stack = await startWriterStack();
    const { project } = stack;
    const call = { env: {}, signal: AbortSignal.timeout(60_000) };
    const read = await readStack(project, "local", call);
    const plan = planDocument(read, await planStack(read, call.signal));
    expect(plan).toMatchObject({ version: 1, agents: [{ id: "writer", action: "create" }] });

    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => void events.push(event);
    const request = { stack: "local", operation: "up", signal: call.signal } as const;
    expect(await runStack(project, request, { env: {}, onEvent })).toMatchObject({ exitCode: 0 });
    expect(events.at(0)).toMatchObject({ kind: "run-start" });
    expect(events.at(-1)).toMatchObject({ kind: "run-end", ok: true });

    const [agent] = await readAgentOutputs(project, "local", call);
    expect(agent).toMatchObject({ id: "writer", state: "RegistrationConfirmed" });
    const importable = await readImportable(project, await readStack(project, "local", call));
    expect(judgeImports(importable, "all")).toEqual({ drafts: [], refusals: [] });
  }, 120_000);

  it("ends a read that it has given up", async () => {
    await using stack = await startWriterStack();
    const read = await readStack(stack.project, "local", { env: {} });
    await expect(planStack(read, AbortSignal.abort(new Error("given up")))).rejects.toThrow("given up");
  });
});

it("an agent is asked for its availability, and its own error is told from silence", async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/up/availability" ? 200 : 503;
    response.setHeader("content-type", "application/json").end('{"status":"available"}');
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agents = [`${here}/up`, `${here}/down`, "http://127.0.0.1:9"].map((url) => ({ url }) as AgentOutput);
  const said = (await withAvailability(agents)).map(({ availability }) => availability);
  expect(said).toEqual(["available", "HTTP 503", "no answer"]);
  await expect(withAvailability(agents, AbortSignal.abort(new Error("given up")))).rejects.toThrow(
    "given up",
  );
  await new Promise((closed) => server.close(closed));
});

it("an import overwrites no file that has come to be there meanwhile", async () => {
  const folder = new TestProject();
  folder.write("agents/writer.yaml", "mine");
  const draft = { agent: { file: "agents/writer.yaml" }, text: "theirs" } as Draft;
  expect(() => writeImports(openProject(folder.root), [draft])).toThrow(/left alone/);
  expect(folder.read("agents/writer.yaml")).toBe("mine");
  await folder.dispose();
});

describe("the real Pulumi CLI behind the library", () => {
  /** A project with a program that stands in for the CLI. */
  function fakePulumi(script: string) {
    const folder = new TestProject();
    folder.write("bin/pulumi", `#!/bin/sh\n[ "$1" = version ] && exit 0\n${script}\n`);
    chmodSync(folder.path("bin/pulumi"), 0o755);
    const env = { PATH: `${folder.path("bin")}:/usr/bin:/bin:${dirname(process.execPath)}` };
    return { folder, project: openProject(folder.root), env };
  }

  it("asks nobody, and hands on what it prints and how it ended", async () => {
    const { folder, project, env } = fakePulumi('echo "$@ $PULUMI_PARALLEL"; echo "told" >&2; exit 3');
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => void events.push(event);
    const request = { stack: "preprod", operation: "up", refresh: true } as const;
    expect(await runStack(project, request, { env, onEvent })).toEqual({ exitCode: 3, changes: {} });
    expect(events).toContainEqual({
      kind: "output",
      stream: "stdout",
      text: expect.stringMatching(
        /^up --stack preprod --refresh --yes --event-log \S+\/events\.json --skip-preview 16\n$/,
      ) as string,
    });
    expect(events).toContainEqual({ kind: "output", stream: "stderr", text: "told\n" });
    await folder.dispose();
  });

  it("tells what the CLI logs, as the embedded engine does, and leaves no log behind", async () => {
    const { folder, project, env } = fakePulumi(
      "for word; do case $word in */events.json) log=$word; esac; done\n" +
        'echo "$log" >&2; cat "$LOGGED" > "$log"; exit 0',
    );
    const LOGGED = resolve(import.meta.dirname, "../fixtures/pulumi/event-log.jsonl");
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => void events.push(event);
    const request = { stack: "preprod", operation: "up" } as const;
    const run = await runStack(project, request, { env: { ...env, LOGGED }, onEvent });
    expect(run).toEqual({ exitCode: 0, changes: { create: 8, same: 1 } });
    const registered = events.filter(
      (event) => event.kind === "step-end" && event.step.type.endsWith(":AgentConfirmation"),
    );
    expect(registered).toMatchObject([{ ok: true, step: { name: "hello" } }]);
    const file = events.flatMap((event) => (event.kind === "output" ? event.text.trim() : []))[0] ?? "";
    expect(file).toMatch(/events\.json$/);
    expect(existsSync(dirname(file))).toBe(false);
    await folder.dispose();
  });

  it.each([
    ["passphrase", "encryptionsalt: v1:abc\n", "stack init customers-01 --no-select --non-interactive"],
    [
      "key of a cloud",
      "secretsprovider: awskms://alias/agents\nencryptedkey: abc\n",
      "stack init customers-01 --no-select --non-interactive --secrets-provider awskms://alias/agents",
    ],
  ])("makes a stack whose file has a %s", async (_what, settings, words) => {
    const { folder, project, env } = fakePulumi('echo "$@" >> words; exit 0');
    folder.write("Pulumi.customers-01.yaml", settings);
    await makeRealStack(project, "customers-01", { env });
    expect(folder.read("words")).toBe(`${words}\n`);
    expect(folder.read("Pulumi.customers-01.yaml")).toBe(settings);
    await folder.dispose();
  });

  it.each([
    ["error: stack 'organization/a/customers-01' already exists", "made"],
    [
      "error: the backend cannot be reached",
      "error: the backend cannot be reached\nThe stack customers-01 could not be made.",
    ],
  ])("says of a stack, where the CLI says `%s`: %s", async (message, outcome) => {
    const { folder, project, env } = fakePulumi(`echo "${message}" >&2; exit 1`);
    folder.write("Pulumi.customers-01.yaml", "encryptionsalt: v1:abc\n");
    const said = await makeRealStack(project, "customers-01", { env }).then(
      () => "made",
      (error: Error) => error.message,
    );
    expect(said).toBe(outcome);
    await folder.dispose();
  });

  it.each([
    [{ operation: "preview", diff: true, yes: true }, "preview --stack preprod --diff"],
    [{ operation: "destroy", json: true }, "destroy --stack preprod --json"],
  ] as const)("gets the words of %j", async (request, words) => {
    const { folder, project, env } = fakePulumi('echo "$@"');
    let printed = "";
    const output = ({ text }: { readonly text: string }) => void (printed += text);
    await runPulumi(project, { stack: "preprod", ...request }, { env, output });
    expect(printed).toBe(`${words}\n`);
    await folder.dispose();
  });

  it("is interrupted by the signal, and waited for until it has ended", async () => {
    const { folder, project, env } = fakePulumi(
      "trap 'echo saved; exit 7' INT; echo begun; while :; do sleep 0.1; done",
    );
    const stop = new AbortController();
    const printed: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.kind === "output") printed.push(event.text);
      stop.abort();
    };
    const request = { stack: "preprod", operation: "destroy", signal: stop.signal } as const;
    expect(await runStack(project, request, { env, onEvent })).toMatchObject({ exitCode: 7 });
    expect(printed.join("")).toBe("begun\nsaved\n");
    await folder.dispose();
  });

  it("reads the outputs, and says what the CLI says where it cannot", async () => {
    const { folder, project, env } = fakePulumi('echo "error: no stack named preprod" >&2; exit 255');
    folder.write("Pulumi.preprod.yaml", "config: {}\n");
    await expect(readAgentOutputs(project, "preprod", { env })).rejects.toMatchObject({
      name: "UserError",
      message: "error: no stack named preprod\nThe agents of stack preprod could not be read.",
    });
    await folder.dispose();
  });
});
