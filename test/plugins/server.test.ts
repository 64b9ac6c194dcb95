/** What the plugins of the tests have in common, tried with one whose resources are files. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exportState } from "../../local/engine/index.ts";
import { PLUGINS, PluginProject, steps } from "./helpers/project.ts";

let project: PluginProject;
let folder: string;

beforeEach(async () => {
  project = await PluginProject.create(join(PLUGINS, "fixtures/files"));
  folder = join(project.root, "out");
  mkdirSync(folder);
});
afterEach(() => project.remove());

/** A program; `provider` is one that knows where files go. */
const program = (text: string) => `
class Provider extends pulumi.ProviderResource {}
class File extends pulumi.CustomResource {
  constructor(name, args, type = "File") {
    super("files:index:" + type, name, { path: undefined, bytes: undefined, key: undefined, ...args }, { provider });
  }
}
const provider = new Provider("files", "files", { folder: ${JSON.stringify(folder)} });
${text}
`;
const fileWith = (args: object) =>
  program(`export const path = new File("a", ${JSON.stringify(args)}).path;`);

it("makes, keeps, updates, replaces and removes what the program says", async () => {
  const one = await project.up(fileWith({ name: "one", text: "text" }));
  expect(steps(one)).toEqual(["create a"]);
  expect(one.outputs).toEqual({ path: join(folder, "one") });
  expect(project.events.some((event) => event.kind === "diagnostic" && event.message === "writing one")).toBe(
    true,
  );
  expect(steps(await project.up())).toEqual([]);
  expect(steps(await project.up(fileWith({ name: "one", text: "text", comment: "not a change" })))).toEqual(
    [],
  );
  expect(steps(await project.up(fileWith({ name: "one", text: "other" })))).toEqual(["update a"]);
  expect(readFileSync(join(folder, "one"), "utf8")).toBe("other");
  expect(steps(await project.up(fileWith({ name: "two", text: "other" })))).toContain("replace a");
  expect(readdirSync(folder)).toEqual(["two"]);
  await project.destroy();
  expect(readdirSync(folder)).toEqual([]);
});

it("removes first what there can be only one of", async () => {
  const linkTo = (to: string) => program(`new File("b", ${JSON.stringify({ to })}, "Link");`);
  await project.up(linkTo("here"));
  expect(steps(await project.up(linkTo("there")))).toContain("replace b");
  expect(readFileSync(join(folder, "b"), "utf8")).toBe("there");
});

it("finds what was changed or removed by somebody else", async () => {
  await project.up(fileWith({ name: "one", text: "text" }));
  writeFileSync(join(folder, "one"), "changed");
  await project.refresh();
  expect(steps(await project.up())).toEqual(["update a"]);
  rmSync(join(folder, "one"));
  await project.refresh();
  expect(steps(await project.up())).toEqual(["create a"]);
});

it("gives a name to what the program gives none, and keeps it", async () => {
  await project.up(fileWith({ text: "text" }));
  const names = readdirSync(folder);
  expect(names).toEqual([expect.stringMatching(/^a-[0-9a-f]{7}$/)]);
  await project.up(fileWith({ text: "other" }));
  expect(readdirSync(folder)).toEqual(names);
});

it("shows in a preview what is not known yet, and makes nothing", async () => {
  const chained = program(`
    const a = new File("a", { name: "one", text: "text" });
    export const bytes = new File("b", { name: "two", text: a.path }).bytes;
  `);
  const planned = await project.preview(chained);
  expect(steps(planned)).toEqual(["create a", "create b"]);
  expect(readdirSync(folder)).toEqual([]);
  await project.up(chained);
  expect(readFileSync(join(folder, "two"), "utf8")).toBe(join(folder, "one"));
});

it("keeps what is only half made, and goes on with it", async () => {
  expect(await project.failure(fileWith({ name: "one", text: "slow" }))).toContain("it is not ready yet");
  expect(steps(await project.up(fileWith({ name: "one", text: "fast" })))).toEqual(["update a"]);
  expect(readFileSync(join(folder, "one"), "utf8")).toBe("fast");
});

it("keeps secret what the program or the package calls so", async () => {
  const secret = program(`
    new File("a", { name: "one", text: pulumi.secret("hush") });
    export const text = pulumi.runtime.invokeOutput("files:index:getText", { name: "one" }, { provider });
  `);
  await project.up(secret);
  expect(readFileSync(join(folder, "one"), "utf8")).toBe("hush");
  const { outputs } = await project.up();
  expect(outputs["text"]).toBe("[secret]");
  const state = JSON.stringify(await exportState(project.options()));
  expect(state).toContain("one");
  expect(state).not.toContain("hush");
  expect(state).not.toContain("key of one");
});

it.each([
  ["a resource", `new File("a", {}, "Folder");`, /knows no resource files:index:Folder/],
  [
    "a function",
    `export const a = pulumi.runtime.invokeOutput("files:index:getMore", {}, { provider });`,
    /knows no function files:index:getMore/,
  ],
  [
    "an input",
    `new File("a", { name: "one", text: "x", size: 1, style: { loud: true, red: true } });`,
    /style\.red is not an input[^]*size is not an input/,
  ],
  ["a value", `new File("a", { name: "one", text: 5 });`, /text.*expected string/s],
  [
    "an argument",
    `export const a = pulumi.runtime.invokeOutput("files:index:getText", { name: "one", more: 1 }, { provider });`,
    /more is not an input/,
  ],
])("refuses %s that it does not know", async (_what, text, complaint) => {
  expect(await project.failure(program(text))).toMatch(complaint);
  expect(existsSync(join(folder, "one"))).toBe(false);
});

it("refuses a configuration that it does not know", async () => {
  const text = `${program("")}\nnew Provider("files", "other", { folder: "x", colour: "red" });`;
  expect(await project.failure(text)).toMatch(/colour is not an input/);
});

it("ends with the engine that holds its standard input, and not where that is empty", async () => {
  const main = join(PLUGINS, "docker/main.ts");
  const start = (input: "pipe" | "ignore") =>
    spawn(process.execPath, [main, "127.0.0.1:1"], { stdio: [input, "pipe", "inherit"] });
  const [held, free] = [start("pipe"), start("ignore")];
  try {
    await Promise.all([held, free].map((child) => once(child.stdout ?? child, "data")));
    held.stdin?.destroy();
    expect(await once(held, "exit")).toEqual([1, null]);
    expect(free.exitCode).toBeNull();
  } finally {
    for (const child of [held, free]) child.kill("SIGKILL");
  }
});
