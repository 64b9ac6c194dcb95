/** A crew in Python with a package of its own, on the local stack: in a process of its own, then in the shared service. */
import { existsSync, globSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LOCK_FILE } from "../../infra/declarations/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";

const LIFE_MS = 300_000;
const LOCK = `crews/own/${LOCK_FILE}`;

let project: TestProject;
let sandbox: RunningSandbox;

beforeAll(async () => {
  await crewEnvironment();
  project = new TestProject();
  sandbox = await startSandbox({ chainSpeed: "instant" });
  project.useSandbox(sandbox.url);
  declare();
  project.write("crews/own/requirements.txt", "crewai>=1,<2\ntabulate==0.9.0\n");
  project.write("crews/own/crew.py", crew("A table"));
}, LIFE_MS);
afterAll(async () => {
  await project.dispose();
  await sandbox.close();
}, LIFE_MS);

const declare = () =>
  project.write(
    "agents/own.yaml",
    "name: Own\ndescription: Writes tables.\ncapability: { name: tables, version: 1.0.0 }\ntags: [tables]\nauthor: { name: Example GmbH }\npricing: free\ninput: [{ id: topic, type: string, name: Topic }]\nbuild: crews/own\n",
  );

const crew = (goal: string) => `from crewai import Agent, Crew, Task
from tabulate import tabulate


def crew():
    writer = Agent(role="Writer", goal=tabulate([["${goal}"]]), backstory="Writes {topic}")
    return Crew(agents=[writer], tasks=[Task(description="Write", expected_output="Text", agent=writer)])
`;

/** The folders of packages that are installed. */
const installed = () => globSync("*", { cwd: project.path(".masumi/packages") });

it(
  "is refused in a pipeline until it is locked, and runs with what is locked",
  { timeout: LIFE_MS },
  async () => {
    const refused = await project.run("validate");
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining("crews/own/requirements.txt:1:1: the packages of crews/own are not locked"),
    ]);
    const locked = await project.run("lock");
    expect(locked.stdout).toContain(`${LOCK} was written (1 package: + tabulate 0.9.0)`);

    expect(changes(await project.report("up"))).toContain("create CrewProcess own");
    const [folder] = installed();
    expect(
      globSync(`.masumi/packages/${folder}/tabulate-0.9.0.dist-info`, { cwd: project.root }),
    ).toHaveLength(1);
    expect(changes(await project.report("up"))).toEqual([]);

    project.write("crews/own/crew.py", crew("Another table"));
    expect(changes(await project.report("up"))).toEqual(["update CrewProcess own"]);
    expect(installed(), "changed code installs nothing").toEqual([folder]);

    project.write("crews/own/requirements.txt", "tabulate==0.8.10\n");
    await project.run("lock");
    expect(changes(await project.report("up"))).toEqual(["update CrewProcess own"]);
    expect(installed()).toHaveLength(1);
    expect(installed()).not.toEqual([folder]);

    project.remove("agents/own.yaml");
    await project.report("up");
    expect(installed()).toEqual([]);
    expect(existsSync(project.path(LOCK))).toBe(true);
  },
);

it(
  "is served by the shared service with what is locked, beside agents without",
  { timeout: LIFE_MS },
  async () => {
    await project.run("config", "set", "masumi:hosting", "shared");
    await project.run("config", "set", "masumi:shared", '{"on":"process","code":true}');
    declare();
    project.write("agents/plain.yaml", project.read("agents/own.yaml").replace("Own", "Plain"));
    project.write("crews/plain/crew.py", crew("A text").replace(/^.*tabulate import.*$/m, "tabulate = str"));
    project.write("agents/plain.yaml", project.read("agents/plain.yaml").replace("crews/own", "crews/plain"));
    await project.run("lock");
    const added = changes(await project.report("up"));
    expect(added).toEqual(expect.arrayContaining(["create SharedAgent own", "create SharedAgent plain"]));
    const [folder] = installed();
    expect(changes(await project.report("up"))).toEqual([]);

    project.write("crews/own/requirements.txt", "tabulate==0.8.9\n");
    await project.run("lock");
    expect(changes(await project.report("up"))).toEqual(["update SharedAgent own"]);
    expect(installed(), "a job of the former version may still import its packages").toHaveLength(2);
    project.write("crews/own/crew.py", crew("Yet another table"));
    expect(changes(await project.report("up"))).toEqual(["update SharedAgent own"]);
    expect(installed()).toHaveLength(1);
    expect(installed()).not.toEqual([folder]);

    project.remove("agents/own.yaml");
    expect(changes(await project.report("up"))).toContain("delete SharedAgent own");
    expect(installed()).toEqual([]);
  },
);
