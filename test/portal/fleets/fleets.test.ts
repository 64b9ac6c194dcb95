import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { Repository } from "../../../portal/commits/repository.ts";
import { FleetDirectory } from "../../../portal/fleets/fleets.ts";
import { prepareLocalFleet } from "../../../portal/fleets/local.ts";
import { openFleetProject } from "../../../portal/fleets/project.ts";
import { stopSandbox } from "../../../stacks/index.ts";
import { openProject, readConfig } from "../../../stacks/project.ts";

const folder = mkdtempSync(join(tmpdir(), "masumi-portal-fleets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["a map", "{ on: ecs-alb, keep: true }", { on: "ecs-alb", of: "preprod-customers" }],
  [
    "JSON text, as config set writes it",
    `'{"on":"ecs-alb","keep":true}'`,
    { on: "ecs-alb", of: "preprod-customers" },
  ],
  ["a service for each fleet", "{ on: ecs-alb }", { on: "ecs-alb" }],
])("a fleet's stack joins the crew service that its model keeps: %s", async (name, shared, expected) => {
  const repository = new Repository(join(folder, `${name}.git`));
  await repository.open();
  const text = `config:\n  masumi:owner: example\n  masumi:shared: ${shared}\n`;
  const changes = [{ path: "Pulumi.preprod-customers.yaml", text }];
  await repository.commit({ subject: "Set up", changes, authors: [], requests: [] });
  const fleets = new FleetDirectory({ folder: join(folder, name), repository, prefix: "preprod" });
  const files = await fleets.missingFiles(7);
  const stack = files.find(({ path }) => path === "Pulumi.preprod-customers-07.yaml")?.text ?? "";
  expect(parse(stack)).toEqual({
    config: {
      "masumi:owner": "example-customers-07",
      "masumi:agents": "agents/customers-07",
      "masumi:shared": expected,
    },
  });
});

it("a fleet of this machine has its records and documents where the portal has its own, as the portal connects to them", async () => {
  const project = openFleetProject(join(folder, "records"));
  const fleet = { id: "customers-01", stack: "local-customers-01", folder: "agents/customers-01" };
  const documents = { bucket: "documents", region: "us-east-1", endpoint: "http://storage:9000" };
  const options = { service: fleet.stack, documents, chainSpeed: "instant" };
  try {
    await prepareLocalFleet(project, fleet, {
      ...options,
      records: "postgresql://portal:x@database:5432/portal",
    });
    const settings = readConfig(project, fleet.stack);
    expect(settings["masumi:records"]).toMatch(/^\{"secure":/);
    // As in compose.yaml, whose containers are alone in their network.
    expect(settings["masumi:allowClearText"]).toBe('["database","storage"]');
    expect(JSON.parse(settings["masumi:documents"] ?? "")).toEqual(documents);
  } finally {
    await stopSandbox(project);
  }
}, 60_000);

it.each([
  ["names them beside the operator's", "preprod", "Preprod", "[theirs]", ["theirs", "one", "two"]],
  ["names nobody on Mainnet, which the operator does", "mainnet", "Mainnet", "[theirs]", ["theirs"]],
  ["forgets those of an earlier run on this machine", "local", "Preprod", `'["gone"]'`, ["one", "two"]],
])("a run that may burn agents whose owners asked for it %s", (name, prefix, network, before, after) => {
  const repository = new Repository(join(folder, "unused.git"));
  const fleets = new FleetDirectory({ folder: join(folder, name), repository, prefix });
  const { root } = fleets.projectOf(1);
  const file = join(root, `Pulumi.${prefix}-customers-01.yaml`);
  writeFileSync(file, `config:\n  masumi:network: ${network}\n  masumi:allowDeregister: ${before}\n`);
  const named = () =>
    JSON.parse(
      readConfig(openProject(root), `${prefix}-customers-01`)["masumi:allowDeregister"] ?? "[]",
    ) as unknown;
  fleets.allowBurns(1, ["one", "two"]);
  expect(named()).toEqual(after);
  fleets.allowBurns(1, []);
  expect(named()).toEqual(prefix === "local" ? [] : after);
});

it("a commit is known where it is, and not where it is not yet", async () => {
  const repository = new Repository(join(folder, "known.git"));
  await repository.open();
  const commit = (text: string) =>
    repository.commit({ subject: "Change", changes: [{ path: "a", text }], authors: [], requests: [] });
  const [first, second] = [await commit("1"), await commit("2")];
  expect(await repository.contains(second, first)).toBe(true);
  expect(await repository.contains(second, second)).toBe(true);
  expect(await repository.contains(first, second)).toBe(false);
  expect(await repository.contains(second, "0123456789".repeat(4))).toBe(false);
});
