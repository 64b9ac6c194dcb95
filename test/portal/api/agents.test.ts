import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STANDARD_DISCLOSURE } from "../../../infra/declarations/index.ts";
import {
  drift as driftSchema,
  fleet as fleetSchema,
  runWithLog,
} from "../../../portal/api/operator/schemas.ts";
import {
  agent as agentSchema,
  configuration,
  health,
  problem as problemSchema,
  run as runSchema,
} from "../../../portal/api/schemas.ts";
import { Repository } from "../../../portal/commits/repository.ts";
import { changeAgent } from "../../../portal/database/agents.ts";
import { beginStoring, endStoring } from "../../../portal/database/documents.ts";
import { setDeployed } from "../../../portal/database/fleets.ts";
import { addToLog, beginRun, endRun } from "../../../portal/database/runs.ts";
import { askedToBurn, openRequests } from "../../../portal/database/requests.ts";
import { storeOwn } from "../../../portal/documents/own.ts";
import { sweepDocuments } from "../../../portal/documents/sweep.ts";
import { folderStore } from "../../../portal/documents/folder.ts";
import type { DocumentStore } from "../../../portal/documents/store.ts";
import { type TestedApi, form, json, startApi } from "./portal-api.ts";

let api: TestedApi;
beforeAll(async () => {
  api = await startApi();
}, 300_000);
afterAll(() => api.close());

interface Answer {
  readonly agentId: string;
  readonly masumiId?: string;
  readonly error: string;
  readonly problems?: readonly { readonly field: string; readonly message: string }[];
}
const bodyAs = async <T>(response: Response) => (await response.json()) as T;
const bodyOf = (response: Response) => bodyAs<Answer>(response);

let count = 0;
const newName = () => `Desk ${(count += 1)}`;

async function created(user: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await api.send("POST", "/agent", user, json(form(newName()), headers));
  expect(response.status).toBe(202);
  return (await bodyOf(response)).agentId;
}

function multipart(
  fields: Readonly<Record<string, string>>,
  files: readonly File[],
  field = "docs",
): RequestInit {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const file of files) body.append(field, file);
  return { body };
}
const pdf = (name: string, text = "%PDF-1.7 text") => new File([text], name);
const stored = () => readdirSync(join(api.folder, "documents")).filter((name) => /^[0-9a-f]{64}$/.test(name));

describe("POST /agent", () => {
  it("accepts an agent, says where to look, and asks for a commit", async () => {
    const response = await api.send("POST", "/agent", "anna", json(form("Zoë's desk 🚲")));
    const { agentId } = await bodyOf(response);
    expect(response.status).toBe(202);
    expect(agentId).toMatch(/^zoe-s-desk-[a-z0-9]{6}$/);
    expect(response.headers.get("location")).toBe(`/agents/${agentId}`);
    const requests = (await openRequests(api.database, 1000)).filter((one) => one.agentId === agentId);
    expect(requests).toMatchObject([{ kind: "create", author: { email: "anna@example.com" } }]);
    const view: unknown = await (await api.send("GET", `/agents/${agentId}`, "anna")).json();
    expect(agentSchema.parse(view)).toMatchObject({ state: "accepted", price: "1 tUSDM (test USDM)" });
  });

  it("answers 201 when it is registered while the request waits", async () => {
    const before = new Set((await openRequests(api.database, 1000)).map(({ agentId }) => agentId));
    const waiting = api.send("POST", "/agent", "anna", json(form(newName()), { Prefer: "wait=20" }));
    const isThere = async () =>
      (await openRequests(api.database, 1000)).find(({ agentId }) => !before.has(agentId))?.agentId ?? "";
    await expect.poll(isThere).not.toBe("");
    const id = await isThere();
    await expect
      .poll(() =>
        api.database.transaction((queries) =>
          changeAgent(queries, id, { state: "registered", masumiId: "abc" }),
        ),
      )
      .toBe(true);
    const response = await waiting;
    expect(response.status === 201 ? await bodyOf(response) : response.status).toMatchObject({
      masumiId: "abc",
    });
  });

  it.each(["docs", "docs[]"])(
    "stores documents by their digests, with their names, sent as %s",
    async (field) => {
      const response = await api.send(
        "POST",
        "/agent",
        "anna",
        multipart(form(newName()), [pdf("C:\\files\\hand book.pdf"), new File(["# é\n"], "notes.md")], field),
      );
      expect(response.status).toBe(202);
      const { agentId } = await bodyOf(response);
      const view = agentSchema.parse(await (await api.send("GET", `/agents/${agentId}`, "anna")).json());
      expect(view.documents.map(({ name, bytes }) => [name, bytes])).toEqual([
        ["hand book.pdf", 13],
        ["notes.md", 5],
      ]);
      expect(stored()).toEqual(expect.arrayContaining(view.documents.map(({ sha256 }) => sha256)));
    },
  );

  it("tells all that is wrong with a form at once", async () => {
    const response = await api.send(
      "POST",
      "/agent",
      "anna",
      json({ template: "document-expert", name: "a\u0000" }),
    );
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const body = problemSchema.parse(await response.json());
    expect(body.problems?.map(({ field }) => field)).toEqual(["name", "description", "bio", "docs"]);
  });

  it.each([
    ["without a template", json({ name: "", foo: 1 }), ["template", "name", "description", "bio", "foo"]],
    ["of another type", json({ ...form("x"), name: 5, bio: "" }), ["bio", "name"]],
    ["of another name", json({ ...form("x"), "a.b": 5, removeDocs: [] }), ["a.b", "removeDocs"]],
    ["of another name, in multipart", multipart({ ...form(""), foo: "1" }, []), ["name", "foo"]],
  ])("tells of keys that it does not know, beside all else, in a form %s", async (_what, sent, fields) => {
    const response = await api.send("POST", "/agent", "anna", sent);
    expect(response.status).toBe(400);
    const body = problemSchema.parse(await response.json());
    expect(body.problems?.map(({ field }) => field)).toEqual(fields);
  });

  it("asks for a template where none is named, and says of another one that it is none", async () => {
    const said = async (more: Record<string, unknown>) => {
      const { template: _template, ...texts } = form("x");
      const response = await api.send("POST", "/agent", "anna", json({ ...texts, ...more }));
      return problemSchema.parse(await response.json()).problems?.[0]?.message;
    };
    expect(await said({})).toMatch(/^is needed: choose .*support-desk/);
    expect(await said({ template: "other" })).toMatch(/^is not a template: choose .*support-desk/);
  });

  const big = new File([new Uint8Array(10_485_761).fill(97)], "big.txt");
  it.each([
    ["no token", undefined, json(form("x")), 401, "unauthorized"],
    ["an unknown template", "anna", json({ ...form("x"), template: "other" }), 400, "invalid"],
    [
      "no form",
      "anna",
      { body: "hello", headers: { "Content-Type": "text/plain" } },
      415,
      "unsupported-type",
    ],
    ["broken JSON", "anna", { body: "{", headers: { "Content-Type": "application/json" } }, 400, "malformed"],
    [
      "a document of another type",
      "anna",
      multipart(form("x"), [new File(["MZ"], "a.exe")]),
      415,
      "unsupported-type",
    ],
    ["a PDF that is none", "anna", multipart(form("x"), [pdf("a.pdf", "<html>")]), 415, "unsupported-type"],
    [
      "a text that is none",
      "anna",
      multipart(form("x"), [new File([new Uint8Array([255, 254])], "a.md")]),
      415,
      "unsupported-type",
    ],
    ["an empty document", "anna", multipart(form("x"), [new File([], "a.md")]), 415, "unsupported-type"],
    ["a document that is too large", "anna", multipart(form("x"), [big]), 413, "too-large"],
    ["too much text", "anna", json({ ...form("x"), bio: "x".repeat(300_000) }), 413, "too-large"],
    ["a key that cannot be one", "anna", json(form("x"), { "Idempotency-Key": "a b" }), 400, "malformed"],
  ] as const)("refuses %s", async (_what, user, options, status, error) => {
    const response = await api.send("POST", "/agent", user, options);
    expect(response.status).toBe(status);
    expect(problemSchema.parse(await response.json())).toMatchObject({ status, error });
  });

  it("refuses a name that is taken, whoever has it", async () => {
    const name = newName();
    await api.send("POST", "/agent", "anna", json(form(name)));
    const response = await api.send("POST", "/agent", "ben", json(form(` ${name.toUpperCase()} `)));
    expect(response.status).toBe(409);
    expect(await bodyOf(response)).toMatchObject({ error: "name-taken", problems: [{ field: "name" }] });
  });

  it("does what has an Idempotency-Key once, and nothing else with the same key", async () => {
    const key = { "Idempotency-Key": "key-1" };
    const wanted = form(newName());
    const answers = await Promise.all(
      [1, 2, 3].map(() => api.send("POST", "/agent", "anna", json(wanted, key))),
    );
    const ids = await Promise.all(answers.map(async (answer) => (await bodyOf(answer)).agentId));
    expect(new Set(ids).size).toBe(1);
    const other = await api.send("POST", "/agent", "anna", json({ ...wanted, bio: "Another" }, key));
    expect(other.status).toBe(409);
    expect(await bodyOf(other)).toMatchObject({ error: "idempotency-conflict" });
    const others = await api.send("POST", "/agent", "ben", json(form(newName()), key));
    expect(others.status).toBe(202);
  });
});

describe("an agent", () => {
  it("is seen and changed by its owner and by operators alone", async () => {
    const id = await created("anna");
    for (const [method, path] of [
      ["GET", `/agents/${id}`],
      ["DELETE", `/agents/${id}`],
      ["GET", `/agents/${id}/events`],
    ] as const) {
      expect((await api.send(method, path, "mallory")).status).toBe(404);
    }
    expect((await api.send("PATCH", `/agents/${id}`, "mallory", json({ bio: "x" }))).status).toBe(404);
    expect((await api.send("POST", `/agents/${id}/try`, "mallory", json({ input: {} }))).status).toBe(404);
    const list = (await (await api.send("GET", "/agents", "mallory")).json()) as { agents: unknown[] };
    expect(list.agents).toEqual([]);
    const seen = await api.send("GET", `/agents/${id}`, "operator-1");
    expect(await seen.json()).toMatchObject({ agentId: id, user: "anna" });
  });

  it.each([
    [{ foo: 1, name: "" }, ["name", "foo"]],
    [{ template: "researcher" }, ["template"]],
    [{ removeDocs: ["x"] }, ["removeDocs"]],
  ])("is not changed by what a change does not have: %j", async (change, fields) => {
    const id = await created("anna");
    const response = await api.send("PATCH", `/agents/${id}`, "anna", json(change));
    expect(response.status).toBe(400);
    expect((await bodyOf(response)).problems?.map(({ field }) => field)).toEqual(fields);
    const requests = (await openRequests(api.database, 1000)).filter((one) => one.agentId === id);
    expect(requests.map(({ kind }) => kind)).toEqual(["create"]);
  });

  it("is not tried without an input, and the answer says so by the field", async () => {
    const id = await created("anna");
    const response = await api.send("POST", `/agents/${id}/try`, "anna", json({ question: "x" }));
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({
      error: "invalid",
      problems: [
        { field: "input", message: expect.stringMatching(/^has to be an object: /) as string },
        { field: "question" },
      ],
    });
  });

  const etagOf = async (id: string, user = "anna") =>
    (await api.send("GET", `/agents/${id}`, user)).headers.get("etag") ?? "";

  it("is not sent again to whoever has it, until anything of it moves", async () => {
    const id = await created("anna");
    let etag = await etagOf(id);
    const again = (header = etag, user = "anna") =>
      api.send("GET", `/agents/${id}`, user, { headers: { "If-None-Match": header } });
    for (const header of [etag, `"other", W/${etag}`, "*"]) {
      const unchanged = await again(header);
      expect([unchanged.status, await unchanged.text()]).toEqual([304, ""]);
    }
    const head = await api.send("HEAD", `/agents/${id}`, "anna", { headers: { "If-None-Match": etag } });
    expect(head.status).toBe(304);
    expect((await again(etag, "operator-1")).status, "operators are shown more").toBe(200);
    const run = { id: crypto.randomUUID(), fleet: 1, commit: "c".repeat(40) };
    const change = { state: "registered", masumiId: "abc" } as const;
    const moves: readonly (() => Promise<unknown>)[] = [
      () => api.database.transaction((queries) => changeAgent(queries, id, change)),
      () => beginRun(api.database, run),
      () => endRun(api.database, run.id, { ok: true, changes: {} }),
      () => api.send("PATCH", `/agents/${id}`, "anna", json({ bio: "Another." })),
    ];
    for (const move of moves) {
      await move();
      const seen = await again();
      expect(seen.status).toBe(200);
      expect(seen.headers.get("etag")).not.toBe(etag);
      etag = seen.headers.get("etag") ?? "";
      expect((await again()).status).toBe(304);
    }
    await api.database.query("DELETE FROM portal_runs");
  });

  it("is changed or removed with If-Match only as it was filled in then, whatever runs did meanwhile", async () => {
    const id = await created("anna");
    const send = (method: string, ifMatch: string, body?: unknown) => {
      const headers = { "If-Match": ifMatch };
      return api.send(
        method,
        `/agents/${id}`,
        "anna",
        body === undefined ? { headers } : json(body, headers),
      );
    };
    const old = await etagOf(id);
    await api.database.transaction((queries) => changeAgent(queries, id, { state: "registered" }));
    const changed = await send("PATCH", old, { bio: "One." });
    expect(changed.status).toBe(202);
    for (const refused of [await send("PATCH", old, { bio: "Two." }), await send("DELETE", old)]) {
      expect(refused.status).toBe(412);
      expect(problemSchema.parse(await refused.json()).error).toBe("changed-meanwhile");
    }
    expect((await send("PATCH", "nothing", { bio: "Two." })).status).toBe(412);
    const both = await Promise.all(
      ["Two.", "Three."].map((bio) => send("PATCH", changed.headers.get("etag") ?? "", { bio })),
    );
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 412]);
    expect((await send("PATCH", `"other", ${await etagOf(id)}`, { bio: "Four." })).status).toBe(202);
    expect((await send("PATCH", "*", { bio: "Five." })).status).toBe(202);
    expect((await send("DELETE", await etagOf(id))).status).toBe(202);
    expect((await send("DELETE", old)).status, "asking twice changes nothing").toBe(202);
  });

  it("keeps what a change does not name, and forgets documents by their digests", async () => {
    const sent = multipart(form(newName()), [pdf("a.pdf", "%PDF-a"), pdf("b.pdf", "%PDF-b")]);
    const { agentId } = await bodyOf(await api.send("POST", "/agent", "anna", sent));
    const before = agentSchema.parse(await (await api.send("GET", `/agents/${agentId}`, "anna")).json());
    const digest = before.documents[0]?.sha256 ?? "";
    const change = multipart({ bio: "New", removeDocs: digest }, [pdf("c.pdf", "%PDF-c")]);
    const response = await api.send("PATCH", `/agents/${agentId}`, "anna", change);
    expect(response.status).toBe(202);
    const after = agentSchema.parse(await response.json());
    expect(after).toMatchObject({ bio: "New", name: before.name, disclosure: STANDARD_DISCLOSURE });
    expect(after.documents.map(({ name }) => name)).toEqual(["b.pdf", "c.pdf"]);
    expect(BigInt(after.version)).toBeGreaterThan(BigInt(before.version));
  });

  it("is made by what its customer chose, which another change keeps and a change of the price registers anew", async () => {
    const wanted = { ...form(newName()), template: "researcher" };
    const choices = (price: string) => JSON.stringify({ price });
    const of = async (id: string) =>
      agentSchema.parse(await (await api.send("GET", `/agents/${id}`, "anna")).json());
    const [usual, dear] = await Promise.all(
      [wanted, { ...wanted, name: newName(), choices: choices("10 USDM") }].map(async (fields) =>
        bodyOf(await api.send("POST", "/agent", "anna", multipart(fields, []))),
      ),
    );
    expect(await of(usual?.agentId ?? "")).toMatchObject({
      choices: { price: "5 USDM" },
      price: "5 tUSDM (test USDM)",
    });
    const id = dear?.agentId ?? "";
    expect(await of(id)).toMatchObject({ choices: { price: "10 USDM" }, price: "10 tUSDM (test USDM)" });
    const change = async (body: unknown) =>
      expect((await api.send("PATCH", `/agents/${id}`, "anna", json(body))).status).toBe(202);
    await change({ bio: "Nobody sees this." });
    expect(await of(id)).toMatchObject({ choices: { price: "10 USDM" }, price: "10 tUSDM (test USDM)" });
    expect(await askedToBurn(api.database, 1)).not.toContain(id);
    await change({ choices: { price: "3 USDM" } });
    expect(await of(id)).toMatchObject({ bio: "Nobody sees this.", price: "3 tUSDM (test USDM)" });
    expect(await askedToBurn(api.database, 1)).toContain(id);
    const declared = (await openRequests(api.database, 1000)).filter(({ agentId }) => agentId === id);
    expect(declared.map(({ declaration }) => /fixed:\n +- (.*)/.exec(declaration ?? "")?.[1])).toEqual([
      "10 USDM",
      "10 USDM",
      "3 USDM",
    ]);
  });

  it("of the time before its template left a choice has what is usual, and is asked for what is on the list no longer", async () => {
    const wanted = { ...form(newName()), template: "researcher" };
    const { agentId } = await bodyOf(await api.send("POST", "/agent", "anna", json(wanted)));
    const change = () => api.send("PATCH", `/agents/${agentId}`, "anna", json({ bio: "Another." }));
    const store = (choices: string) =>
      api.database.query(`UPDATE portal_agents SET form = (form - 'choices') || $2::jsonb WHERE id = $1`, [
        agentId,
        choices,
      ]);
    await store("{}");
    expect(agentSchema.parse(await (await change()).json())).toMatchObject({ choices: { price: "5 USDM" } });
    await store('{"choices": {"price": "4 USDM"}}');
    const refused = await change();
    expect(refused.status).toBe(400);
    expect((await bodyOf(refused)).problems).toEqual([
      { field: "choices.price", message: "has to be one of these: 3 USDM, 5 USDM, 10 USDM" },
    ]);
    await store('{"choices": {"length": "A template had that once"}}');
    expect((await change()).status).toBe(202);
  });

  it.each([
    ["no option", { price: "0 USDM", payment: "V1" }, ["name", "choices.price", "choices"]],
    ["something of the declaration", { pricing: "free" }, ["name", "choices"]],
  ])("is not made by a choice that is %s: all problems are told", async (_what, choices, fields) => {
    const wanted = { ...form(""), template: "researcher", choices };
    const response = await api.send("POST", "/agent", "anna", json(wanted));
    expect(response.status).toBe(400);
    expect((await bodyOf(response)).problems?.map(({ field }) => field)).toEqual(fields);
  });

  it("is not made by choices that are none", async () => {
    const answers = [
      ["5 USDM", { error: "malformed" }],
      ['{"price": 5}', { problems: [{ field: "choices.price", message: "has to be a text" }] }],
      ["[]", { problems: [{ field: "choices", message: "has to be an object" }] }],
    ] as const;
    for (const [choices, answer] of answers) {
      const wanted = multipart({ ...form("x"), template: "researcher", choices }, []);
      const response = await api.send("POST", "/agent", "anna", wanted);
      expect(response.status).toBe(400);
      expect(await bodyOf(response)).toMatchObject(answer);
    }
  });

  it("takes a change that is sent twice, because no answer came, as one", async () => {
    const sent = multipart(form(newName()), [pdf("a.pdf", "%PDF-a")]);
    const { agentId } = await bodyOf(await api.send("POST", "/agent", "anna", sent));
    const [old] = (
      await bodyAs<{ documents: { sha256: string }[] }>(await api.send("GET", `/agents/${agentId}`, "anna"))
    ).documents;
    for (const status of [202, 200]) {
      const change = multipart({ removeDocs: old?.sha256 ?? "" }, [pdf("b.pdf", "%PDF-b")]);
      const response = await api.send("PATCH", `/agents/${agentId}`, "anna", change);
      expect(response.status).toBe(status);
      expect(agentSchema.parse(await response.json()).documents.map(({ name }) => name)).toEqual(["b.pdf"]);
    }
  });

  it("stays as it is, and no run is started, by a change that changes nothing", async () => {
    const [a, b] = [pdf("a.pdf", "%PDF-same-a"), pdf("b.pdf", "%PDF-same-b")];
    const sent = { ...form(newName()), template: "researcher" };
    const { agentId } = await bodyOf(await api.send("POST", "/agent", "anna", multipart(sent, [a, b])));
    await api.database.transaction((queries) =>
      changeAgent(queries, agentId, { state: "registered", masumiId: "abc" }),
    );
    const path = `/agents/${agentId}`;
    const seen = await api.send("GET", path, "anna");
    const { etag, agent } = { etag: seen.headers.get("etag"), agent: agentSchema.parse(await seen.json()) };
    const { name, bio, description, choices } = agent;
    for (const same of [
      json({}),
      json({}, { "If-Match": etag ?? "" }),
      json({}, { "If-None-Match": etag ?? "" }),
      json({ name: `  ${name}`, bio, description, choices, removeDocs: ["0".repeat(64)] }),
      multipart({}, [a]),
    ]) {
      const response = await api.send("PATCH", path, "anna", same);
      expect([response.status, response.headers.get("etag")]).toEqual([200, etag]);
      expect(await response.json()).toEqual(agent);
    }
    expect((await api.send("PATCH", path, "anna", json({}, { "If-Match": '"0-0"' }))).status).toBe(412);
    const kinds = async () =>
      (await openRequests(api.database, 1000))
        .filter((one) => one.agentId === agentId)
        .map((one) => one.kind);
    expect(await kinds()).toEqual(["create"]);
    expect((await api.send("PATCH", path, "anna", json({ bio: "Another." }))).status).toBe(202);
    expect(await kinds()).toEqual(["create", "change"]);
  });

  it("may be replaced, by a run that replaces many, for what the network shows and its owner or an operator changed", async () => {
    const [named, described, untouched] = [
      await created("anna"),
      await created("anna"),
      await created("anna"),
    ];
    const change = async (id: string, user: string, body: unknown) =>
      expect((await api.send("PATCH", `/agents/${id}`, user, json(body))).status).toBe(202);
    await change(named, "anna", { name: newName() });
    await change(described, "operator-1", { description: "Another." });
    await change(untouched, "anna", { bio: "Nobody sees this." });
    const mayBurn = await askedToBurn(api.database, 1);
    expect(mayBurn).toEqual(expect.arrayContaining([named, described]));
    expect(mayBurn).not.toContain(untouched);
  });

  it("leaves once, however often that is asked for, and cannot be changed then", async () => {
    const id = await created("anna");
    for (const _ of [1, 2]) {
      const response = await api.send("DELETE", `/agents/${id}`, "anna");
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ state: "leaving" });
    }
    const requests = (await openRequests(api.database, 1000)).filter(({ agentId }) => agentId === id);
    expect(requests.map(({ kind }) => kind)).toEqual(["create", "delete"]);
    expect(await askedToBurn(api.database, 1)).toContain(id);
    expect((await api.send("PATCH", `/agents/${id}`, "anna", json({ bio: "x" }))).status).toBe(409);
  });
});

describe("documents", () => {
  const KEEP_DAYS = 7;
  const start = Date.now();
  let documents: DocumentStore;
  let repository: Repository;
  beforeAll(async () => {
    documents = folderStore(join(api.folder, "documents"));
    repository = new Repository(join(api.folder, "repository.git"));
    await repository.open();
  });

  /** Sweeps when so many days have passed. */
  const sweepAt = (days: number) =>
    sweepDocuments({
      database: api.database,
      documents,
      fleets: api.fleets,
      keepDays: KEEP_DAYS,
      now: new Date(start + days * 86_400_000),
    });

  async function agentWith(text: string): Promise<{ readonly id: string; readonly digest: string }> {
    const sent = multipart(form(newName()), [pdf("old.pdf", text)]);
    const { agentId: id } = await bodyOf(await api.send("POST", "/agent", "anna", sent));
    const view = agentSchema.parse(await (await api.send("GET", `/agents/${id}`, "anna")).json());
    return { id, digest: view.documents[0]?.sha256 ?? "" };
  }

  async function dropDocument(id: string, digest: string): Promise<void> {
    const response = await api.send("PATCH", `/agents/${id}`, "anna", json({ removeDocs: [digest] }));
    expect(response.status).toBe(202);
  }

  /** What somebody else stores in the same place, with a later time than all that is there, or the older one of a copy. */
  async function storeElsewhere(text: string, milliseconds = 1_000): Promise<string> {
    const { sha256 } = await documents.put(Readable.from([Buffer.from(text)]));
    const time = new Date(Date.now() + milliseconds);
    utimesSync(join(api.folder, "documents", sha256), time, time);
    return sha256;
  }

  it("are removed when nothing has named them for their time, however long ago they came", async () => {
    const { id, digest } = await agentWith("%PDF-old");
    await sweepAt(100);
    await dropDocument(id, digest);
    await sweepAt(200);
    await sweepAt(206.9);
    expect(stored()).toContain(digest);
    // Also by two portals at once.
    await Promise.all([sweepAt(207), sweepAt(207)]);
    expect(stored()).not.toContain(digest);
  });

  it("are removed when their agents have left", async () => {
    const { id, digest } = await agentWith("%PDF-of one that leaves");
    await api.database.transaction((queries) => changeAgent(queries, id, { state: "deregistered" }));
    await sweepAt(0);
    await sweepAt(KEEP_DAYS);
    expect(stored()).not.toContain(digest);
  });

  it("stay while a declaration in the newest commit names them, and their time begins anew after it", async () => {
    const { id, digest } = await agentWith("%PDF-reverted");
    const declare = (text: string | null) =>
      repository.commit({
        subject: "Revert a change",
        changes: [{ path: `${api.fleets.named(1).folder}/${id}.yaml`, text }],
        authors: [],
        requests: [],
      });
    await dropDocument(id, digest);
    await sweepAt(0);
    await declare(`documents: [{ "stored": "${digest}", name: old.pdf }]\n`);
    await sweepAt(KEEP_DAYS + 1);
    await declare(null);
    await sweepAt(KEEP_DAYS + 2);
    await sweepAt(2 * KEEP_DAYS + 1);
    expect(stored()).toContain(digest);
    await sweepAt(2 * KEEP_DAYS + 2);
    expect(stored()).not.toContain(digest);
  });

  it("stay for as long again when they are sent again", async () => {
    const text = "%PDF-sent again";
    const { id, digest } = await agentWith(text);
    await dropDocument(id, digest);
    await sweepAt(0);
    const refused = multipart({ ...form(newName()), bio: "" }, [pdf("old.pdf", text)]);
    expect((await api.send("POST", "/agent", "anna", refused)).status).toBe(400);
    await sweepAt(KEEP_DAYS);
    expect(stored()).toContain(digest);
    await sweepAt(2 * KEEP_DAYS);
    expect(stored()).not.toContain(digest);
  });

  it("of a portal that was killed while it stored them are removed, too", async () => {
    const { sha256 } = await documents.put(Readable.from([Buffer.from("%PDF-killed")]), (digest) =>
      beginStoring(api.database, digest).then(() => undefined),
    );
    await sweepAt(0);
    await sweepAt(KEEP_DAYS);
    expect(stored()).not.toContain(sha256);
  });

  /** What happens to be done at a moment of a request. */
  interface Moments {
    /** Whether its document is others' is known. */
    readonly claimed?: () => Promise<unknown>;
    /** It is stored, which is not noted yet. */
    readonly stored?: () => Promise<unknown>;
    /** When it was stored last is asked next. */
    readonly looking?: () => Promise<unknown>;
  }

  /** Stores a document as a request does to which all of that happens. */
  const sends = (text: string, { claimed, stored, looking }: Moments = {}) => {
    const store: DocumentStore = {
      ...documents,
      async put(source, claim) {
        const put = await documents.put(source, async (sha256) => {
          await claim?.(sha256);
          await claimed?.();
        });
        await stored?.();
        return put;
      },
      async storedAt(sha256) {
        await looking?.();
        return documents.storedAt(sha256);
      },
    };
    return storeOwn({ database: api.database, documents: store }, Readable.from([Buffer.from(text)]));
  };

  it.each<[string, (text: string) => Promise<{ readonly sha256: string }>]>([
    ["while it is about to be stored", (text) => sends(text, { claimed: () => sends(text) })],
    [
      "while the second of two others stores it",
      async (text) => {
        const claimed = Promise.withResolvers<void>();
        const ended = Promise.withResolvers<void>();
        let second = Promise.resolve({ sha256: "" });
        await sends(text, {
          claimed: async () => {
            const whenClaimed = async () => {
              claimed.resolve();
              await ended.promise;
            };
            second = sends(text, { claimed: whenClaimed, stored: () => sends(text) });
            await claimed.promise;
          },
        });
        ended.resolve();
        return second;
      },
    ],
    [
      "while it is looked at whose it is",
      async (text) => {
        await sends(text);
        let isFirst = true;
        const looking = async () => {
          if (!isFirst) return;
          isFirst = false;
          await sends(text);
        };
        return sends(text, { looking });
      },
    ],
  ])("that come again %s are the portal's as before", async (when, send) => {
    const { sha256 } = await send(`%PDF-sent again ${when}`);
    expect(stored()).toContain(sha256);
    await sweepAt(0);
    await sweepAt(KEEP_DAYS);
    expect(stored()).not.toContain(sha256);
  });

  it.each<[string, (text: string) => Promise<string>]>([
    ["for agents of their own", (text) => storeElsewhere(text)],
    [
      "as a copy that is older than what a customer sent",
      async (text) => {
        const { id, digest } = await agentWith(text);
        await storeElsewhere(text, -86_400_000);
        await dropDocument(id, digest);
        return digest;
      },
    ],
    [
      "after a portal that did not note when it had stored the same",
      async (text) => {
        const { sha256 } = await documents.put(Readable.from([Buffer.from(text)]));
        await beginStoring(api.database, sha256);
        await endStoring(api.database, sha256);
        await sweepAt(0);
        return storeElsewhere(text).then(() => sha256);
      },
    ],
    [
      "before a customer sent the same",
      async (text) => {
        await storeElsewhere(text);
        const { id, digest } = await agentWith(text);
        await dropDocument(id, digest);
        return digest;
      },
    ],
    [
      "after a customer sent the same",
      async (text) => {
        const { id, digest } = await agentWith(text);
        await storeElsewhere(text);
        await dropDocument(id, digest);
        return digest;
      },
    ],
    [
      "between two customers who sent the same",
      async (text) => {
        const first = await agentWith(text);
        await storeElsewhere(text);
        const second = await agentWith(text);
        await dropDocument(first.id, first.digest);
        await dropDocument(second.id, second.digest);
        return second.digest;
      },
    ],
  ])("that another portal or an operator stored %s are never removed", async (when, store) => {
    const digest = await store(`%PDF-others' ${when}`);
    await sweepAt(0);
    await sweepAt(1_000);
    expect(stored()).toContain(digest);
  });
});

describe("what is left of a document whose portal was killed while it came", () => {
  it("is removed after the same time", async () => {
    const documents = folderStore(join(api.folder, "documents"));
    const parts = { database: api.database, documents, fleets: { declarations: () => Promise.resolve([]) } };
    const left = join(api.folder, "documents/incoming/half");
    writeFileSync(left, "half of it");
    await sweepDocuments({ ...parts, keepDays: 1 });
    expect(existsSync(left)).toBe(true);
    utimesSync(left, 0, 0);
    await sweepDocuments({ ...parts, keepDays: 1 });
    expect(existsSync(left)).toBe(false);
  });
});

describe("GET /events", () => {
  it("tells what happened behind the version that was seen last, and goes on", async () => {
    const first = await created("eve");
    const second = await created("eve");
    const { version } = agentSchema.parse(await (await api.send("GET", `/agents/${first}`, "eve")).json());
    const response = await api.send("GET", "/events", "eve", { headers: { "Last-Event-ID": version } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader.read()).value ?? "";
    };
    await until(second);
    expect(text).not.toContain(first);
    await api.database.transaction((queries) => changeAgent(queries, first, { state: "declared" }));
    await until(first);
    await created("somebody else");
    await reader.cancel();
    expect(text).not.toContain("somebody");
  });

  it.each([
    ["an agent's, of that agent alone", "fay", (id: string) => `/agents/${id}/events`],
    ["operators', of everybody's agents", "operator-1", () => "/events?all=true"],
  ])("is %s", async (_whose, reader, pathOf) => {
    const [other, id] = [await created("fay"), await created("fay")];
    const { version } = agentSchema.parse(await (await api.send("GET", `/agents/${other}`, "fay")).json());
    const before = { headers: { "Last-Event-ID": String(BigInt(version) - 1n) } };
    const stream = (await api.send("GET", pathOf(id), reader, before)).body?.pipeThrough(
      new TextDecoderStream(),
    );
    let text = "";
    for await (const chunk of stream ?? []) {
      text += chunk;
      if (text.includes(id)) break;
    }
    expect(text.includes(other)).toBe(reader !== "fay");
    const mine = await api.send("GET", "/events?all=true", "brief-fay");
    expect(await mine.text()).not.toContain(id);
  });

  it("ends with its token, for a new one to go on", async () => {
    const id = await created("brief-eve");
    const response = await api.send("GET", "/events", "brief-eve");
    expect(await response.text()).toContain(id);
  });

  it("has twenty streams for each user, and a new one for each that ended", async () => {
    const open = (path = "/events") => api.send("GET", path, "fred");
    const id = await created("fred");
    // These have no stream that ever ends.
    for (let count = 0; count < 20; count += 1) {
      expect((await api.send("HEAD", "/events", "fred")).status).toBe(200);
    }
    const streams = await Promise.all(
      Array.from({ length: 20 }, (_, index) => open(index % 2 === 0 ? "/events" : `/agents/${id}/events`)),
    );
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await open();
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("15");
    const others = await api.send("GET", "/events", "gina");
    expect(others.status).toBe(200);
    await Promise.all([...streams, others].map(async (stream) => stream.body?.cancel()));
    await expect
      .poll(async () => {
        const again = await open();
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });
});

describe("operators", () => {
  it.each(["agents", "fleets", "wallets", "spent", "drift", "runs", "runs/x"])(
    "alone see /operator/%s",
    async (name) => {
      const response = await api.send("GET", `/operator/${name}`, "anna");
      expect(response.status).toBe(403);
    },
  );

  const seen = async (name: string): Promise<unknown> => {
    const response = await api.send("GET", `/operator/${name}`, "operator-1");
    expect(response.status).toBe(200);
    return response.json();
  };

  it("see everybody's agents and the fleets", async () => {
    const { agents } = (await seen("agents")) as { agents: unknown };
    const seenAgents = agentSchema.array().parse(agents);
    expect(new Set(seenAgents.map(({ user }) => user)).size).toBeGreaterThan(1);
    expect(seenAgents.find(({ user }) => user === "anna")?.userName).toBe("anna@example.com");
    const { fleets } = (await seen("fleets")) as { fleets: unknown };
    expect(fleetSchema.array().parse(fleets)).toMatchObject([
      { id: "customers-01", stack: "local-customers-01", state: "deployed", most: 100, lastRunAt: null },
    ]);
  });

  it("see the last runs, newest first, and each with its log", async () => {
    const begin = async (ok?: boolean) => {
      const id = crypto.randomUUID();
      await beginRun(api.database, { id, fleet: 1, commit: "c".repeat(40) });
      await addToLog(api.database, id, `the log of ${id}\n`);
      if (ok !== undefined) await endRun(api.database, id, { ok, changes: { create: 2, delete: 1 } });
      // The embedded database's clock tells milliseconds.
      await sleep(5);
      return id;
    };
    const [failed, succeeded, running] = [await begin(false), await begin(true), await begin()];
    const { runs } = (await seen("runs")) as { runs: unknown };
    expect(runSchema.array().parse(runs)).toMatchObject([
      { id: running, fleet: "customers-01", state: "running", endedAt: null, summary: "under way" },
      { id: succeeded, state: "succeeded", summary: "2 resources created, 1 removed" },
      { id: failed, state: "failed" },
    ]);
    expect(runWithLog.parse(await seen(`runs/${failed}`))).toMatchObject({ log: `the log of ${failed}\n` });
    expect((await api.send("GET", "/operator/runs/x", "operator-1")).status).toBe(404);
    const { fleets } = (await seen("fleets")) as { fleets: unknown[] };
    expect(fleets[0]).toMatchObject({ state: "running", lastRunAt: expect.any(String) as string });
    await api.database.query("DELETE FROM portal_runs");
  });

  it("see why the service cannot be asked of wallets and of what differs, and nothing of that is a fault of the portal's", async () => {
    const why = "The sandbox of this project is not running.";
    const wallets = await api.send("GET", "/operator/wallets", "operator-1");
    expect(wallets.status).toBe(503);
    expect(problemSchema.parse(await wallets.json()).detail).toContain(why);
    expect(driftSchema.parse(await seen("drift"))).toEqual({ checkedAt: null, drift: [] });
    await setDeployed(api.database, 1, "c");
    const { drift } = driftSchema.parse(await seen("drift"));
    await api.database.query("UPDATE portal_fleets SET deployed_commit = NULL");
    expect(drift).toMatchObject([{ fleet: "customers-01", agentId: null, kind: "problem" }]);
    expect(drift[0]?.detail).toContain(why);
    expect(api.said).toEqual([]);
  });
});

describe("GET /metrics", () => {
  it("tells anybody numbers, and nothing else, in Prometheus' text format", async () => {
    await created("counted");
    const run = { id: crypto.randomUUID(), fleet: 1, commit: "c" };
    await beginRun(api.database, run);
    const response = await api.send("GET", "/metrics");
    const text = await response.text();
    await api.database.query("DELETE FROM portal_runs");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect([...text.matchAll(/^# TYPE (.+)$/gm)].map(([, nameAndType]) => nameAndType)).toEqual([
      "portal_agents gauge",
      "portal_requests_open gauge",
      "portal_fleets_waiting gauge",
      "portal_runs gauge",
      "portal_memory_bytes gauge",
    ]);
    const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(samples.filter((line) => !/^portal_\w+(\{state="[a-z]+"\})? \d+$/.test(line))).toEqual([]);
    const [agents] = await api.database.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM portal_agents WHERE state = 'accepted'",
    );
    expect(samples).toEqual(
      expect.arrayContaining([
        `portal_agents{state="accepted"} ${agents?.count}`,
        `portal_requests_open ${(await openRequests(api.database, 10_000)).length}`,
        "portal_fleets_waiting 0",
        'portal_runs{state="running"} 1',
      ]),
    );
  });
});

describe("GET /healthz", () => {
  it("says which start answers, as long as the database does", async () => {
    const healthy = await api.send("GET", "/healthz");
    expect(health.parse(await healthy.json())).toEqual({ status: "ok", instance: "one" });
  });
});

describe("GET /config", () => {
  it("says what a job costs as the agents' own pages do", async () => {
    const { templates } = await bodyAs<{ templates: readonly { id: string; price: string }[] }>(
      await api.send("GET", "/config"),
    );
    const price = templates.find(({ id }) => id === form("x").template)?.price;
    expect(price).toBe("1 tUSDM (test USDM)");
  });

  it("says what a template leaves to be chosen, and what a job costs then", async () => {
    const read = configuration.parse(await (await api.send("GET", "/config")).json());
    const choicesOf = (wanted: string) => read.templates.find(({ id }) => id === wanted)?.choices;
    expect(choicesOf("support-desk")).toEqual([]);
    const options = ["3", "5", "10"].map((amount) => ({
      name: `${amount} USDM`,
      price: `${amount} tUSDM (test USDM)`,
    }));
    expect(choicesOf("researcher")).toMatchObject([{ id: "price", default: "5 USDM", options }]);
  });

  const signInOf = async (settings: Readonly<Record<string, string>>) => {
    const beside = await api.beside(settings);
    const { signIn } = await bodyAs<{ signIn: unknown }>(await beside.send("GET", "/config"));
    await beside.close();
    return signIn;
  };

  it("says that the portal signs users in itself, or at which issuer, and all that the page asks for there", async () => {
    const auth0 = {
      PORTAL_ISSUER: "https://example.eu.auth0.com/",
      PORTAL_AUDIENCE: "https://portal.example.com",
      PORTAL_CLIENT_ID: "page",
      PORTAL_SCOPE: "openid",
    };
    expect(await signInOf({})).toEqual({ kind: "local" });
    expect(await signInOf(auth0)).toEqual({
      kind: "oidc",
      issuer: "https://example.eu.auth0.com/",
      audience: "https://portal.example.com",
      clientId: "page",
      scope: "openid",
    });
  });
});

describe("what nobody may ask", () => {
  it.each(["GET", "PATCH", "DELETE"])("has nothing at an address with a zero byte: %s", async (method) => {
    const body = method === "PATCH" ? json({ bio: "x" }) : {};
    expect((await api.send(method, "/agents/%00", "anna", body)).status).toBe(404);
    expect(api.said).toEqual([]);
  });

  it("tells the operator nothing of whoever hangs up", async () => {
    const hangsUp = new AbortController();
    const body = new ReadableStream({
      pull(controller) {
        hangsUp.abort();
        controller.error(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
      },
    });
    const options = { ...json({}), body, signal: hangsUp.signal, duplex: "half" } as RequestInit;
    await api.send("POST", "/agent", "anna", options);
    expect(api.said).toEqual([]);
  });

  it("never shows a stack", async () => {
    await api.database.query("ALTER TABLE portal_agents RENAME TO hidden");
    const response = await api.send("GET", "/agents", "anna");
    await api.database.query("ALTER TABLE hidden RENAME TO portal_agents");
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain("unexpected");
    expect(text).not.toMatch(/at |portal_agents|\.ts/);
    expect(api.said.join("\n")).toContain("portal_agents");
  });
});

describe("limits", () => {
  it("lets a user send a burst, and then says when to try again", async () => {
    const limited = await api.beside({ PORTAL_BURST: "2", PORTAL_REQUESTS_A_MINUTE: "1" });
    const statuses: number[] = [];
    let last: Response | undefined;
    for (const _ of [1, 2, 3]) {
      last = await limited.send("POST", "/agent", "anna", json(form(newName())));
      statuses.push(last.status);
    }
    expect(statuses).toEqual([202, 202, 429]);
    expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await limited.send("POST", "/agent", "ben", json(form(newName())))).status).toBe(202);
    const visits: number[] = [];
    for (const page of ["checkout", "portal", "checkout"]) {
      const visit = await limited.send("POST", `/billing/${page}`, "cleo", json({ returnPath: "/" }));
      visits.push(visit.status);
    }
    expect(visits.at(-1)).toBe(429);
    expect(visits.slice(0, 2)).not.toContain(429);
    await limited.close();
  });

  it("lets a user upload so much a day, whatever becomes of the forms", async () => {
    const limited = await api.beside({ PORTAL_UPLOAD_MIB_A_DAY: "3" });
    const upload = (user: string) => {
      const document = new File(["x".repeat(1024 * 1024 + 1)], "a.txt");
      return limited.send("POST", "/agent", user, multipart({ ...form("x"), name: "" }, [document]));
    };
    expect((await upload("anna")).status).toBe(400);
    const refused = await upload("anna");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await upload("ben")).status).toBe(400);
    await limited.close();
  });

  it("lets a user spend ADA so often a day, and change without it what the network does not show", async () => {
    const little = await api.beside({ PORTAL_REGISTRATIONS_A_DAY: "3" });
    try {
      const send = (method: string, path: string, body: unknown, user = "sparing") =>
        little.send(method, path, user, json(body));
      const { agentId } = await bodyOf(await send("POST", "/agent", form(newName())));
      const path = `/agents/${agentId}`;
      expect((await send("PATCH", path, { name: newName() }, "operator-1")).status, "not counted").toBe(202);
      expect((await send("PATCH", path, { description: "Another." })).status).toBe(202);
      expect((await send("PATCH", path, { description: "A third." })).status).toBe(202);
      for (const refused of [
        await send("PATCH", path, { name: newName() }),
        await send("POST", "/agent", form(newName())),
      ]) {
        expect(refused.status).toBe(429);
        expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(86_000);
        const { error, detail } = problemSchema.parse(await refused.json());
        expect([error, detail]).toEqual(["registrations-used-up", expect.stringContaining("24 hours")]);
      }
      expect((await send("PATCH", path, { bio: "Nobody sees this." })).status).toBe(202);
      expect((await send("PATCH", path, { description: "By an operator." }, "operator-1")).status).toBe(202);
      expect((await send("POST", "/agent", form(newName()), "another")).status).toBe(202);
      expect((await little.send("DELETE", path, "sparing")).status).toBe(202);
      await api.database.query("UPDATE portal_requests SET accepted_at = accepted_at - interval '1 day'");
      expect((await send("POST", "/agent", form(newName()))).status).toBe(202);
    } finally {
      await little.close();
    }
  });

  it("lets of changes that come at once no more than may spend", async () => {
    const little = await api.beside({ PORTAL_REGISTRATIONS_A_DAY: "3" });
    try {
      const created = [1, 2].map(() => little.send("POST", "/agent", "hasty", json(form(newName()))));
      const ids = await Promise.all(created.map(async (response) => (await bodyOf(await response)).agentId));
      const changes = ids.map((id) =>
        little.send("PATCH", `/agents/${id}`, "hasty", json({ description: "Another." })),
      );
      const statuses = (await Promise.all(changes)).map(({ status }) => status);
      expect(statuses.toSorted((a, b) => a - b)).toEqual([202, 429]);
    } finally {
      await little.close();
    }
  });

  it("lets whoever no longer pays neither change nor try an agent, but remove it", async () => {
    let isPaid = true;
    const refusal = { admitted: false, reason: "subscription", checkoutUrl: "https://pay" } as const;
    const lapsing = await api.beside(
      {},
      {
        admit: () => Promise.resolve(isPaid ? { admitted: true } : refusal),
        status: () => Promise.resolve({ state: "lapsed", plan: null, allowed: 0, drainsAt: null }),
        checkout: (_user, url) => Promise.resolve(url),
        customerPortal: (_user, url) => Promise.resolve(url),
      },
    );
    try {
      const { agentId } = await bodyOf(await lapsing.send("POST", "/agent", "anna", json(form(newName()))));
      const path = `/agents/${agentId}`;
      isPaid = false;
      for (const refused of [
        await lapsing.send("PATCH", path, "anna", json({ bio: "x" })),
        await lapsing.send("POST", `${path}/try`, "anna", json({ input: { question: "?" } })),
      ]) {
        expect(refused.status).toBe(402);
        expect(await refused.json()).toMatchObject({ error: "subscription", checkoutUrl: "https://pay" });
      }
      expect((await lapsing.send("PATCH", path, "operator-1", json({ bio: "x" }))).status).toBe(202);
      expect((await lapsing.send("DELETE", path, "anna")).status).toBe(202);
    } finally {
      await lapsing.close();
    }
  });

  it("lets no more in than the plan allows, also of those that come at once", async () => {
    const plan = await api.beside(
      {},
      {
        admit: (_user, agents) =>
          Promise.resolve(
            agents < 2
              ? { admitted: true }
              : { admitted: false, reason: "limit", checkoutUrl: "https://pay" },
          ),
        status: () => Promise.resolve({ state: "active", plan: "two", allowed: 2, drainsAt: null }),
        checkout: (_user, url) => Promise.resolve(url),
        customerPortal: (_user, url) => Promise.resolve(url),
      },
    );
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(() => plan.send("POST", "/agent", "pair", json(form(newName())))),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([202, 202, 402, 402, 402]);
    const last = (options: RequestInit) => plan.send("POST", "/agent", "couple", options);
    await last(json(form(newName())));
    const [key, named] = [{ "Idempotency-Key": "last" }, form(newName())];
    const first = await bodyOf(await last(json(named, key)));
    expect(await bodyOf(await last(json(named, key)))).toEqual(first);
    expect(await bodyOf(await last({ ...multipart(named, []), headers: key }))).toEqual(first);
    expect((await last(json(form(newName()), { "Idempotency-Key": "another" }))).status).toBe(402);
    const refused = answers.find(({ status }) => status === 402);
    expect(await refused?.json()).toMatchObject({ error: "limit", checkoutUrl: "https://pay" });
    const billing = await plan.send("POST", "/billing/checkout", "pair", json({ returnPath: "/create" }));
    expect(await billing.json()).toEqual({ url: "http://portal.example/create" });
    const elsewhere = await plan.send(
      "POST",
      "/billing/checkout",
      "pair",
      json({ returnPath: "//evil.example" }),
    );
    expect(elsewhere.status).toBe(400);
    await plan.close();
  });
});
