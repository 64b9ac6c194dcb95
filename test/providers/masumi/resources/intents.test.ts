import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import { toRegisterBody } from "../../../../providers/masumi/service/client/convert.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { IntentNotes, findProjectFolder } from "../../../../providers/masumi/service/intents.ts";
import { toRegistration } from "../../../../providers/masumi/resources/registration-common.ts";
import { agent, posts } from "../agent.ts";
import { V1, V2, failureOf, inputsOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { type Engine, startEngine } from "../servers.ts";
import { type Service, startService } from "../service.ts";

const answering = (changes: Parameters<typeof inputsOf>[0] = {}): RegistrationInputs =>
  inputsOf({ settleSeconds: 3, ...changes, listing: { apiBaseUrl: agent.url, ...changes.listing } });

function project() {
  const folder = mkdtempSync(join(tmpdir(), "masumi-intents-"));
  const intents = join(folder, ".masumi/intents");
  return {
    projectFolder: folder,
    notes: () => (existsSync(intents) ? readdirSync(intents).map((file) => join(intents, file)) : []),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A run that is killed in its POST: its note stays, and nobody knows whether the service does the work. */
async function killInPost(service: Service, projectFolder: string, inputs: RegistrationInputs) {
  await service.fault({ route: "POST /registry", kind: "lost-before-write" });
  const dying = { ...inputs, settleSeconds: 0 };
  const failure = await failureOf(startRun(service.url, { projectFolder }).create(dying));
  expect(failure.code).toBe("REGISTRATION_UNCLEAR");
}

/** The work of the killed run's POST, done by the service after all. */
async function writeLate(service: Service, inputs: RegistrationInputs): Promise<string> {
  const client = new MasumiClient({ url: service.url, token: "sandbox-pay-key" });
  return (await client.register(toRegisterBody(toRegistration(inputs)))).id;
}

const looking = async (engine: Engine) =>
  vi.waitFor(
    () =>
      expect(engine.messages.map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/An earlier run was killed .* looking for the registration for up to \d+ s/),
      ),
    { timeout: 30_000 },
  );

describe.concurrent("a run that was killed in its POST", () => {
  test.each([V1, V2])("and whose row comes late leads to no second mint ($type)", async (wallet) => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    const inputs = answering({ wallet, settleSeconds: 20 });
    await service.fault({ route: "POST /registry", kind: "late-write", ms: 2_500 });
    await failureOf(startRun(service.url, folder).create({ ...inputs, settleSeconds: 0 }));

    const { id } = await startRun(service.url, folder).create(inputs);
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
    expect(await posts(service)).toBe(1);
    expect(folder.notes()).toEqual([]);
  });

  test("is looked for as long as its row may come, then taken over", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    using folder = project();
    const inputs = answering({ settleSeconds: 20 });
    await killInPost(service, folder.projectFolder, inputs);
    const creating = startRun(service.url, { ...folder, engine }).create(inputs);
    await looking(engine);
    const late = await writeLate(service, inputs);
    expect(await creating).toMatchObject({ id: late });
    expect(await service.rows()).toHaveLength(1);
    expect(engine.said()).toContain(`Took over registration ${late}`);
    expect(folder.notes()).toEqual([]);
  });

  test("and whose row does not come is not made up for, until it comes or a person settles it", async () => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    const inputs = answering({ settleSeconds: 1 });
    await killInPost(service, folder.projectFolder, inputs);
    for (let run = 0; run < 2; run += 1) {
      const failure = await failureOf(startRun(service.url, folder).create(inputs));
      expect(failure.code).toBe("REGISTRATION_UNSETTLED");
      expect(folder.notes()).toHaveLength(1);
    }
    expect(await new IntentNotes(folder.projectFolder).all()).toMatchObject([
      { agentId: inputs.agentId, network: "Preprod" },
    ]);
    const late = await writeLate(service, inputs);
    expect(await startRun(service.url, folder).create(inputs)).toMatchObject({ id: late });
    expect(folder.notes()).toEqual([]);
    expect(await service.rows()).toHaveLength(1);
  });

  test("is looked for afresh, however new the view of the run is", async () => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    const inputs = answering({ settleSeconds: 0 });
    const run = startRun(service.url, folder);
    await run.session.allRows("Preprod", 0);
    await killInPost(service, folder.projectFolder, inputs);
    const late = await writeLate(service, inputs);
    expect(await run.create(inputs)).toMatchObject({ id: late });
    expect(await service.rows()).toHaveLength(1);
  });

  test("while the lists do not answer is not made up for blindly", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    using folder = project();
    const inputs = answering({ settleSeconds: 8 });
    await killInPost(service, folder.projectFolder, inputs);
    const creating = failureOf(startRun(service.url, { ...folder, engine }).create(inputs));
    await looking(engine);
    await service.fault({ route: "GET /registry", kind: "error-before-write", count: 99 });
    await service.fault({ route: "GET /registry/diff", kind: "error-before-write", count: 99 });
    expect(await creating).toMatchObject({ code: "SERVICE_FAILED" });
    expect(await posts(service)).toBe(1);
  });
});

describe.concurrent("the note of a registration", () => {
  test("is on the disk when the request goes out: without any key, and gone when the row has an id", async () => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    const inputs = answering();
    await service.fault({ route: "POST /registry", kind: "slow", ms: 3_000 });
    const creating = startRun(service.url, { ...folder, timeoutMs: 30_000 }).create(inputs);
    const [path = ""] = await vi.waitFor(
      () => {
        const notes = folder.notes().filter((note) => note.endsWith(".json"));
        expect(notes).toHaveLength(1);
        return notes;
      },
      { timeout: 30_000, interval: 10 },
    );
    const text = readFileSync(path, "utf8");
    expect(await service.rows()).toEqual([]);
    expect(JSON.parse(text)).toEqual({
      agentId: inputs.agentId,
      marker: inputs.marker,
      network: "Preprod",
      startedAt: expect.stringMatching(/^20.*Z$/) as string,
      body: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(text).not.toContain("sandbox-pay-key");
    await creating;
    expect(folder.notes()).toEqual([]);
  });

  test.each([
    ["a refusal", 0, { token: "sandbox-read-key" }, "KEY_REFUSED"],
    ["an answer that is lost", 1, {}, "REGISTRATION_UNCLEAR"],
  ])("after %s: %i left", async (_name, left, options, code) => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    if (left > 0) await service.fault({ route: "POST /registry", kind: "lost-before-write" });
    const creating = startRun(service.url, { ...folder, ...options }).create(answering({ settleSeconds: 0 }));
    expect((await failureOf(creating)).code).toBe(code);
    expect(folder.notes()).toHaveLength(left);
  });

  test("that cannot be written keeps the request from being sent", async () => {
    await using service = await startService({ chainSpeed: 0 });
    using folder = project();
    writeFileSync(join(folder.projectFolder, ".masumi"), "a file where the folder should be");
    const failure = await failureOf(startRun(service.url, folder).create(answering()));
    expect(failure.code).toBe("INTENT_NOT_WRITABLE");
    expect(failure.message).toContain(join(folder.projectFolder, ".masumi"));
    expect(await posts(service)).toBe(0);
  });

  test("of another agent, network or service is another one", async () => {
    using folder = project();
    const notes = new IntentNotes(folder.projectFolder);
    const key = { url: "https://pay.example/api/v1", network: "Preprod", marker: "iac-1" } as const;
    await notes.write(key, "market-researcher", {});
    expect(await notes.startedAt(key)).toBeLessThanOrEqual(Date.now());
    for (const other of [
      { url: "https://b.example" },
      { network: "Mainnet" as const },
      { marker: "iac-2" },
    ]) {
      expect(await notes.startedAt({ ...key, ...other })).toBeUndefined();
    }
  });

  test.each([
    ["half written", '{"marker":"iac'],
    ["from the future, by a clock that was set back", '{"startedAt":"2999-01-01T00:00:00.000Z"}'],
  ])("that is %s counts from now at the latest", async (_name, text) => {
    using folder = project();
    const notes = new IntentNotes(folder.projectFolder);
    const key = { url: "https://pay.example/api/v1", network: "Preprod", marker: "iac-1" } as const;
    const before = Date.now() - 1_000;
    await notes.write(key, "market-researcher", {});
    writeFileSync(folder.notes()[0] ?? "", text);
    const startedAt = (await notes.startedAt(key)) ?? 0;
    expect(startedAt).toBeGreaterThan(before);
    expect(startedAt).toBeLessThanOrEqual(Date.now());
  });

  test("needs a project: without one nothing is written", async () => {
    const notes = new IntentNotes(undefined);
    const key = { url: "https://pay.example/api/v1", network: "Preprod", marker: "iac-1" } as const;
    expect(await failureOf(notes.write(key, "market-researcher", {}))).toMatchObject({
      code: "INTENT_NOT_WRITABLE",
    });
    expect(await notes.startedAt(key)).toBeUndefined();
  });
});

test("the project's folder is the nearest one with a Pulumi.yaml", () => {
  using folder = project();
  const inner = join(folder.projectFolder, "infra/deep");
  mkdirSync(inner, { recursive: true });
  expect(findProjectFolder(inner)).toBeUndefined();
  writeFileSync(join(folder.projectFolder, "Pulumi.yaml"), "name: x\n");
  expect(findProjectFolder(inner)).toBe(folder.projectFolder);
});
