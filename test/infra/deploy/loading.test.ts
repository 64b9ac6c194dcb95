import { createRequire } from "node:module";
import { expect, it } from "vitest";
import * as pulumi from "@pulumi/pulumi";
import { loadHostings } from "../../../infra/deploy/index.ts";
import { loadValidAgents } from "../../../infra/declarations/index.ts";
import { join } from "node:path";
import { configOf, projectOf } from "./stack.ts";

const loaded = (name: string) =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes(`/@pulumi/${name}/`));

const load = async (projectRoot: string, hosting: string) => {
  const config = configOf(projectRoot, { hosting });
  const agents = loadValidAgents({
    ...config,
    stack: "preprod",
    projectRoot,
    folder: join(projectRoot, "agents"),
  });
  return loadHostings({ config, projectRoot, agents, registered: new Map() });
};

it("loads the packages of a hosting only for an agent that uses it", async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
  const projectRoot = projectOf("docker-on-another-machine");

  await load(projectRoot, "process");
  expect([loaded("docker"), loaded("aws")]).toEqual([false, false]);

  await load(projectRoot, "docker");
  expect([loaded("docker"), loaded("aws")]).toEqual([true, false]);
});
