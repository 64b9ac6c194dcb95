import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { Repository } from "../../../portal/commits/repository.ts";
import { addAgent } from "../../../portal/database/agents.ts";
import type { Database } from "../../../portal/database/database.ts";
import { findFleet, fleetOf, setDeclared } from "../../../portal/database/fleets.ts";
import { addRequest, openRequests, setCommit } from "../../../portal/database/requests.ts";
import { findRun, lastRuns } from "../../../portal/database/runs.ts";
import { FleetDirectory } from "../../../portal/fleets/fleets.ts";
import { RunsApart } from "../../../portal/runs/apart.ts";
import { type RunParts, lookAtFleet } from "../../../portal/runs/run-fleet.ts";
import { makeRealStack } from "../../../stacks/index.ts";
import { openNewDatabase } from "../database/ready.ts";

const folder = mkdtempSync(join(tmpdir(), "masumi-portal-run-"));
let database: Database;
let parts: RunParts;
let commit: string;

/** A fleet on a CLI whose backend cannot be reached. */
beforeAll(async () => {
  ({ database } = await openNewDatabase(join(folder, "database")));
  mkdirSync(join(folder, "bin"));
  writeFileSync(
    join(folder, "bin/pulumi"),
    `#!/bin/sh
case "$1" in
  version) echo v3.270.0; exit 0 ;;
  up) [ -e "${folder}/kill" ] && kill -9 $PPID; [ -e "${folder}/well" ] && cp Pulumi.test-customers-01.yaml "${folder}/well" && exit 0 ;;
  stack) [ -e "${folder}/well" ] && echo '{ "version": 3, "deployment": {} }' && exit 0 ;;
esac
echo 'error: the backend is out of reach' >&2
exit 255
`,
  );
  chmodSync(join(folder, "bin/pulumi"), 0o755);
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin:${dirname(process.execPath)}` };
  const repository = new Repository(join(folder, "repository.git"));
  await repository.open();
  commit = await repository.commit({
    subject: "Set up",
    changes: [
      { path: "Pulumi.test-customers-01.yaml", text: "config: {}\n" },
      { path: "agents/customers-01/.gitkeep", text: "" },
    ],
    authors: [],
    requests: [],
  });
  const fleets = new FleetDirectory({ folder, repository, prefix: "test" });
  const prepare = (number: number) =>
    makeRealStack(fleets.projectOf(number), fleets.named(number).stack, { env });
  parts = { database, repository, fleets, env, apart: new RunsApart(env), chainSpeed: 1, prepare };
  await fleetOf(database, "anna", 100);
}, 120_000);

afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

it("a run of which nobody can tell what came of it has failed, says why, and is tried again after a pause", async () => {
  await setDeclared(database, 1, commit);
  expect(await lookAtFleet(parts, 1, new AbortController().signal)).toBe(true);
  const fleet = await findFleet(database, 1);
  expect(fleet).toMatchObject({ failures: 1, deployedCommit: null });
  expect(fleet?.retryAt?.getTime()).toBeGreaterThan(Date.now());
  const [run] = await lastRuns(database, 1);
  expect(run).toMatchObject({ ok: false, commit });
  expect(run?.endedAt).not.toBeNull();
});

it("a run that was killed is no failure, and is taken up again after a short pause", async () => {
  await setDeclared(database, 1, commit);
  writeFileSync(join(folder, "kill"), "");
  const prepare = () => Promise.resolve();
  expect(await lookAtFleet({ ...parts, prepare }, 1, new AbortController().signal)).toBe(true);
  rmSync(join(folder, "kill"));
  const fleet = await findFleet(database, 1);
  expect(fleet).toMatchObject({ failures: 0, deployedCommit: null });
  expect(fleet?.retryAt?.getTime()).toBeLessThan(Date.now() + 5_000);
  const [run] = await lastRuns(database, 1);
  expect(run).toMatchObject({ ok: false, commit });
  expect((await findRun(database, run?.id ?? ""))?.log).toContain("was killed (SIGKILL)");
});

it("a process that is made ready is the next run's, and ends with the portal if there is none", async () => {
  const waiting = () =>
    globSync(`/proc/${process.pid}/task/*/children`)
      .flatMap((file) => readFileSync(file, "utf8").trim().split(" "))
      .filter((pid) => pid !== "" && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("run-process"));
  parts.apart.makeReady();
  parts.apart.makeReady();
  const [ready, ...others] = waiting();
  expect(others).toEqual([]);
  const order = { root: parts.fleets.projectOf(1).root, stack: "test-customers-01", refresh: false };
  const run = parts.apart.run(order, { onEvent: () => undefined, signal: new AbortController().signal });
  expect(waiting()).toEqual([ready]);
  expect(await run).toMatchObject({ exitCode: 255 });
  parts.apart.makeReady();
  await parts.apart.close();
  expect(waiting()).toEqual([]);
});

it("a run may replace the registration of an agent that its owner has changed, once", async () => {
  const shown = { price: "free", network: "Preprod", input: [] };
  const form = { name: "Desk", bio: "b", description: "d", documents: [] };
  await addAgent(database, { id: "desk", userId: "anna", fleet: 1, template: "t", form, shown });
  const change = {
    agentId: "desk",
    fleet: 1,
    kind: "change",
    declaration: "id: desk\n",
    spends: true,
  } as const;
  await addRequest(database, {
    ...change,
    author: { name: "Anna", email: "anna@example.com" },
    mayReplace: true,
  });
  const [request] = await openRequests(database, 10);
  await setCommit(database, [request?.id ?? ""], commit);
  const namedIn = async () => {
    await setDeclared(database, 1, commit);
    writeFileSync(join(folder, "well"), "");
    expect(await lookAtFleet(parts, 1, new AbortController().signal)).toBe(true);
    expect(await findFleet(database, 1)).toMatchObject({ failures: 0, deployedCommit: commit });
    const { config } = parse(readFileSync(join(folder, "well"), "utf8")) as {
      config: Record<string, unknown>;
    };
    rmSync(join(folder, "well"));
    return config["masumi:allowDeregister"];
  };
  expect(await namedIn()).toBe('["desk"]');
  await database.query("UPDATE portal_fleets SET deployed_commit = NULL");
  expect(await namedIn()).toBeUndefined();
});

it("a commit that is not here yet is not taken for deployed, nor an older one deployed for it", async () => {
  const before = (await lastRuns(database, 10)).length;
  await setDeclared(database, 1, "0123456789".repeat(4));
  await expect(lookAtFleet(parts, 1, new AbortController().signal)).rejects.toThrow(
    /does not have the commit 0123/,
  );
  expect((await lastRuns(database, 10)).length).toBe(before);
});
