import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { PRELOAD_FLAGS } from "../preload/index.ts";
import { COMPILE_CACHE } from "./helpers/project.ts";

const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi");

/**
 * What a script prints that runs as the program does: with `sdk`, the path of the SDK, `by(file)`, the `require` of a file of it, and
 * `loaded(package)`.
 */
async function run(
  script: string,
  flags = PRELOAD_FLAGS,
  more: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const preamble = [
    `const sdk = ${JSON.stringify(sdk)};`,
    `const by = (file) => require("node:module").createRequire(sdk.replace("index.js", file));`,
    `const loaded = (name) => Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/"));`,
    `const print = (value) => console.log(JSON.stringify(value));`,
  ];
  const args = [...flags, "--eval", [...preamble, script].join("\n")];
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...more };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout);
}

describe("the parts of the SDK that are put off", () => {
  it("are not loaded at its start", async () => {
    const names = [
      "@npmcli/arborist",
      "normalize-package-data",
      "typescript",
      "@opentelemetry/sdk-trace-base",
      "@opentelemetry/api",
      "execa",
      "js-yaml",
      "source-map",
    ];
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `require(sdk); by("cmd/run/index.js")("./instrumentation");`,
      `const program = by("cmd/run/run.js"); program("./tracing"); program("../../runtime/manifest");`,
      `print(${JSON.stringify(names)}.filter(loaded));`,
    ].join("\n");
    expect(await run(script)).toEqual([]);
  });

  it("are handed out whole: the automation API", async () => {
    const script = `const { automation } = require(sdk); print([Object.keys(automation), "LocalWorkspace" in automation, automation.LocalWorkspace.name]);`;
    const found = await run(script);
    expect(found).toEqual(await run(script, []));
    expect(found).toEqual([expect.arrayContaining(["LocalWorkspace"]), true, "LocalWorkspace"]);
  });

  it("serialise functions when it is asked to", async () => {
    const script = `const twice = (n) => 2 * n; require(sdk).runtime.serializeFunction(() => twice(4)).then(({ text }) => print([text, loaded("typescript")]));`;
    expect(await run(script)).toEqual([expect.stringContaining("2 * n"), true]);
  });

  it("know where a function comes from when they serialise it, although they connect to the inspector only then", async () => {
    const script = [
      `const connect = by("cmd/run/index.js")("../../runtime/closure/v8Hooks");`,
      `const v8 = by("runtime/closure/createClosure.js")("./v8");`,
      `const locate = () => v8.getFunctionLocationAsync(require(sdk).output).then(({ file, line }) => print([file.slice(-9), line > 0]));`,
      `connect.isInitializedAsync().then(locate);`,
    ].join("\n");
    expect(await run(script)).toEqual(["output.js", true]);
  });

  it("find the packages of a function's code when they are asked to", async () => {
    const folder = await mkdtemp(join(tmpdir(), "engine-"));
    const used = join(folder, "node_modules/used");
    await mkdir(used, { recursive: true });
    await writeFile(join(folder, "package.json"), `{ "dependencies": { "used": "1.0.0" } }`);
    await writeFile(join(used, "package.json"), `{ "name": "used", "version": "1.0.0" }`);
    const script = `process.chdir(${JSON.stringify(folder)}); require(sdk).runtime.computeCodePaths().then((paths) => print([[...paths.keys()], loaded("@npmcli/arborist"), loaded("normalize-package-data")]));`;
    expect(await run(script)).toEqual([["node_modules/used"], true, true]);
    await rm(folder, { recursive: true });
  });

  it("trace when they are asked to", async () => {
    const script = `const tracing = by("cmd/run/run.js")("./tracing"); tracing.newSpan("before").setAttribute("a", 1).end(); tracing.start("http://127.0.0.1:1/"); print([tracing.newSpan("a").isRecording(), loaded("@opentelemetry/sdk-trace-base")]); process.exit();`;
    expect(await run(script)).toEqual([true, true]);
  });

  it("are not kept from packages that are installed inside the SDK", async () => {
    const script = `print(typeof by("node_modules/other/index.js")("normalize-package-data"));`;
    expect(await run(script)).toBe("function");
  });

  it("are the program's own at once", async () => {
    expect(
      await run(`require(require.resolve("typescript", { paths: [sdk] })); print(loaded("typescript"));`),
    ).toBe(true);
  });
});

describe("the properties of a resource", () => {
  const rpc = `const rpc = by("runtime/resource.js")("./rpc"); const { output, secret, asset } = require(sdk);`;

  it("are sent as the SDK sends them, whatever they hold", async () => {
    const script = `${rpc}
      class Other { x = 1; }
      const properties = {
        text: "a", number: 1.5, nothing: null, gone: undefined, call() {}, id: "not sent", urn: "not sent",
        list: [1, undefined, () => 1, [{}], null], deep: { a: { gone: undefined, call() {}, list: [true] } },
        output: output(5), hidden: secret("s"), inside: { list: ["y", output("x")], gone: undefined },
        promise: Promise.resolve({ a: [1] }), object: new Other(), bare: Object.assign(Object.create(null), { a: 1 }),
        date: new Date(0), asset: new asset.StringAsset("t"), marked: { __pulumiUnknown: true },
      };
      rpc.serializeResourceProperties("l", properties, {}).then(([sent, dependencies]) =>
        print([sent, Object.keys(sent), [...dependencies].map(([key, resources]) => [key, resources.size])]));`;
    const sent = await run(script);
    expect(sent).toEqual(await run(script, []));
    expect(sent).toMatchObject([
      { list: [1, null, null, [{}], null], output: 5, inside: { list: ["y", "x"] } },
      {},
      {},
    ]);
  });

  it("become Outputs when they are read, before their values are known or after", async () => {
    const script = `${rpc}
      // As in the SDK, nobody waits for some of the promises.
      process.on("unhandledRejection", () => undefined);
      const onto = {};
      const settle = rpc.transferProperties(onto, "l", { early: 1, late: 2, unread: 3, wrong: 4, id: 5 });
      const early = onto.early;
      for (const key of ["early", "late", "unread"]) settle[key](key + "!", true, key === "late", []);
      settle.wrong(undefined, true, false, [], new Error("not made"));
      const isOutput = (key) => Object.getOwnPropertyDescriptor(onto, key).get === undefined;
      const value = (output) => output.promise().catch((error) => error.message);
      Promise.all([value(early), value(onto.late), onto.late.isSecret, value(onto.wrong)]).then((values) =>
        print([values, Object.keys(settle), Object.keys(onto).filter(isOutput), onto.early === early]));`;
    expect(await run(script)).toEqual([
      ["early!", "late!", true, "not made"],
      ["early", "late", "unread", "wrong"],
      ["early", "late", "wrong"],
      true,
    ]);
  });

  it("may be called as what every object has", async () => {
    const script = `${rpc}
      const onto = {};
      const settle = rpc.transferProperties(onto, "l", { constructor: 1, toString: 2 });
      settle.toString("late", true, false, []);
      const { constructor, toString } = onto;
      settle.constructor("early", true, false, []);
      Promise.all([constructor.promise(), toString.promise()]).then(print);`;
    expect(await run(script)).toEqual(await run(script, []));
    expect(await run(script)).toEqual(["early", "late"]);
  });

  it("are part of a function that holds the whole resource, as the SDK writes it", async () => {
    const script = `
      const { runtime, CustomResource } = require(sdk);
      runtime.setMocks({ newResource: ({ inputs }) => ({ id: "i", state: { ...inputs, label: "l" } }), call: () => ({}) });
      const held = new CustomResource("a:b:C", "x", { label: undefined, size: 1, kind: "k" });
      const { size } = held;
      const all = () => Object.values({ ...held }).length + held.label.get() + held.size.get();
      runtime.serializeFunction(all).then(({ text }) => {
        const written = {};
        new Function("exports", text)(written);
        print([text, written.handler()]);
      });`;
    const found = await run(script);
    expect(found).toEqual(await run(script, []));
    expect(found).toEqual([expect.any(String), expect.stringMatching(/^\d+l1$/u)]);
  });

  it("are refused by the SDK where there is one of that name", async () => {
    const script = `${rpc}
      try { rpc.transferProperties({ a: 1 }, "l", { a: 1 }); print("taken"); } catch (error) { print(error.message); }`;
    expect(await run(script)).toEqual(await run(script, []));
    expect(await run(script)).toContain("already initialized");
  });
});

describe("what Node made of TypeScript", () => {
  const folders: string[] = [];
  afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

  /** What a module prints, and the names of what was kept. */
  async function start(
    folder: string,
    source: string,
    flags = PRELOAD_FLAGS,
  ): Promise<{ said: string; kept: string[] }> {
    const file = join(folder, "main.mts");
    await writeFile(file, source);
    const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "cache"), NODE_NO_WARNINGS: "1" };
    const said = await promisify(execFile)(process.execPath, [...flags, file], { env }).then(
      ({ stdout, stderr }) => stdout + stderr,
      ({ stderr }: { stderr: string }) => stderr,
    );
    return { said, kept: await readdir(join(folder, "cache/javascript")).catch(() => []) };
  }

  async function folder(): Promise<string> {
    folders.push(await mkdtemp(join(tmpdir(), "engine-")));
    return folders.at(-1) ?? "";
  }

  it("is kept, and used until the source changes", async () => {
    const here = await folder();
    const one = await start(here, `const text: string = "one"; console.log(text);`);
    expect(one).toEqual({ said: "one\n", kept: [expect.any(String)] });
    await writeFile(join(here, "cache/javascript", one.kept[0] ?? ""), `console.log("kept");`);
    expect((await start(here, `const text: string = "one"; console.log(text);`)).said).toBe("kept\n");
    expect((await start(here, `const text: string = "two"; console.log(text);`)).said).toBe("two\n");
  });

  it.each([
    ["an error that is thrown", `const text: string = "x";\n\nthrow new Error(text);`],
    ["what has no meaning without its types", `enum Colour { Red }\nconsole.log(Colour.Red);`],
    ["what is no TypeScript", `const = 1;`],
    [
      "what a program's own hooks make of a module",
      `import { register } from "node:module";
       const hooks = "export const load = async (url, context, next) => ({ ...(await next(url, context)), source: 'console.log(2)' });";
       register("data:text/javascript," + encodeURIComponent(hooks));
       await import("data:text/javascript,console.log(1)");`,
    ],
  ])("reports %s as Node does", async (_, source) => {
    const here = await folder();
    const plain = await start(here, source, []);
    expect((await start(here, source)).said).toBe(plain.said);
    expect((await start(here, source)).said).toBe(plain.said);
  });
});

describe("stack traces that are remembered", () => {
  it("have the text that they would have had", async () => {
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `const { Config } = require(sdk);`,
      `const trace = (name, key) => { try { new Config(name).require(key); } catch (error) { return error.stack; } };`,
      `print([trace("a", "b"), trace("a", "b"), trace("a", "c"), trace("d", "b"), new Error("here").stack]);`,
    ].join("\n");
    const traces = await run(script);
    expect(traces).toEqual(await run(script, []));
    expect(traces).toContainEqual(expect.stringContaining("config.ts:"));
  });

  it("tell where each of many resources is declared, without reading source maps", async () => {
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `const { Resource } = require(sdk);`,
      `const one = (skip) => Resource.stackTrace(skip);`,
      `const other = (skip) => Resource.stackTrace(skip);`,
      `const twice = [1, 2].map(() => one(1));`,
      `const traces = [...twice, one(1), other(1), one(2), other(2), one(99)];`,
    ];
    const traces = await run([...script, `print(traces);`].join("\n"));
    expect(traces).toEqual(await run([...script, `print(traces);`].join("\n"), []));
    expect(new Set((traces as unknown[]).map((trace) => JSON.stringify(trace))).size).toBeGreaterThan(3);
    expect(await run([...script, `print(loaded("source-map"));`].join("\n"))).toBe(false);
  });

  it("tell where a resource is declared", async () => {
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `const { Resource } = require(sdk);`,
      `const declare = () => Resource.callsites();`,
      `print(declare()[1] ?? null);`,
    ].join("\n");
    expect(await run(script)).toEqual(await run(script, []));
  });

  it("are not taken of promises, unless their leaks are looked for", async () => {
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `const { debuggablePromise } = by("runtime/resource.js")("./debuggable");`,
      `const traced = (promise) => promise._debugStackTrace.includes(" at ");`,
      `const promise = Promise.resolve(1); debuggablePromise(promise, "why");`,
      `print([traced(promise), new Error("kept").stack.includes(" at ")]);`,
    ].join("\n");
    expect(await run(script)).toEqual([false, true]);
    expect(await run(script, PRELOAD_FLAGS, { PULUMI_DEBUG_PROMISE_LEAKS: "true" })).toEqual([true, true]);
  });
});

describe("the promises that the SDK watches", () => {
  it("are settled as without the preloads, and those that never are are counted at the end", async () => {
    const script = [
      `const { debuggablePromise, leakedPromises } = by("runtime/resource.js")("./debuggable");`,
      `const watch = (work) => debuggablePromise(work, "why");`,
      `for (const _ of "ab") watch(new Promise(() => {}));`,
      `const reason = (error) => [error.message, error.promise instanceof Promise];`,
      `const settled = [Promise.resolve(1), Promise.reject(new Error("no"))].map((work) => watch(work).catch(reason));`,
      `Promise.all(settled).then((values) => {`,
      `  const [leaked, message] = leakedPromises();`,
      `  print([values, leaked.size, message.includes("2 promises were still active")]);`,
      `});`,
    ].join("\n");
    const found = await run(script);
    expect(found).toEqual(await run(script, []));
    expect(found).toEqual([[1, ["no", true]], 2, true]);
  });

  it("do not make its source maps be read", async () => {
    const script = [
      `by("cmd/run/index.js")("source-map-support/register");`,
      `const { debuggablePromise } = by("runtime/resource.js")("./debuggable");`,
      `debuggablePromise(Promise.resolve(1), "why");`,
      `print(loaded("source-map"));`,
    ].join("\n");
    expect(await run(script)).toBe(false);
  });
});

describe("the SDK's talk about its own work", () => {
  it("is not sent, and what the program logs is", async () => {
    const script = `const { log } = require(sdk); const own = by("runtime/resource.js")("../log"); print(["debug", "info", "warn", "error"].filter((name) => own[name] !== log[name]));`;
    expect(await run(script)).toEqual(["debug"]);
  });
});
