import { describe, expect, it } from "vitest";
import { runChecks } from "../../cli/doctor/finding.ts";
import { judgeClock } from "../../cli/doctor/health.ts";
import { checkNode, checkPython, checkParallel } from "../../cli/doctor/machine.ts";
import { judgeRelease } from "../../cli/doctor/service.ts";
import { openProject } from "../../stacks/project.ts";
import { CliStack } from "./stack.ts";

describe("a check of doctor", () => {
  it.each([
    ["20.19.0", "fail"],
    ["22.17.9", "fail"],
    ["22.18.0", "ok"],
    ["23.5.0", "fail"],
    ["23.6.0", "ok"],
    ["24.0.0", "ok"],
  ])("Node %s: %s", (version, status) => expect(checkNode(version).status).toBe(status));

  it.each([
    [undefined, "preprod", "ok"],
    ["16", "preprod", "warn"],
    ["16", "local", "ok"],
    ["19", "preprod", "ok"],
  ])("PULUMI_PARALLEL=%s for three agents of stack %s: %s", async (set, stack, status) => {
    await using opened = await CliStack.start();
    opened.declare({ a: {}, b: {}, c: {} });
    const env = set === undefined ? {} : { PULUMI_PARALLEL: set };
    expect(checkParallel(openProject(opened.project.root), stack, env).status).toBe(status);
  });

  it("Python: the project's own environment, or nothing where the one that is named is not there", async () => {
    await using stack = await CliStack.start();
    const project = openProject(stack.project.root);
    const found = await checkPython(
      { ...project, root: "/nonexistent" },
      { MASUMI_PYTHON: "no-such-python" },
    );
    expect(found).toMatchObject({ status: "fail" });
    expect(found.message).toMatch(/tried no-such-python/);
    expect((await checkPython(project, {})).status).toBe("ok");
  });

  it.each([
    [[true, true, true, true], /^release 0\.28 or newer/],
    [[true, true, true, false], /^release 0\.27/],
    [[true, true, false, false], /^release 0\.26/],
    [[true, false, false, false], /^release 0\.22 to 0\.25/],
    [[false, false, false, false], /^release 0\.21 or older/],
  ])(
    "tells releases apart: %j",
    ([deregistersByPost = false, hasChanges = false, hasSearch = false, hasV2 = false], said) => {
      const dialect = {
        deregistersByPost,
        hasChanges,
        hasSearch,
        hasV2,
        hasWalletTokens: true,
        listingTypes: [],
      };
      expect(judgeRelease(dialect).message).toMatch(said);
    },
  );

  it.each([
    [Number.NaN, "skip"],
    [30_000, "ok"],
    [31_000, "warn"],
    [-31_600, "warn"],
  ])("a clock that is %d ms off: %s", (difference, status) =>
    expect(judgeClock(1_000_000_000 + difference - 500, 1_000_000_000).status).toBe(status),
  );

  it("says what it waits for when checks take long", async () => {
    const heard: string[][] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((done) => (release = done));
    const found = runChecks(
      [
        { name: "quick", look: () => [] },
        { name: "slow", look: () => released.then(() => []) },
      ],
      (waiting) => {
        heard.push([...waiting]);
        release();
      },
    );
    expect(await found).toEqual([]);
    expect(heard).toEqual([["slow"]]);
  });

  it("a defect is thrown on, with its stack", async () => {
    const look = () => Promise.reject(new TypeError("a defect"));
    await expect(runChecks([{ name: "x", look }], () => undefined)).rejects.toThrow(TypeError);
  });
});
