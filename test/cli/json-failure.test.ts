import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureDocument } from "../../cli/json-failure.js";
import { TestProject } from "../helpers/project.ts";

let project: TestProject;
beforeAll(() => (project = new TestProject()));
afterAll(() => project.dispose());

const failed = (problem: RegExp, code: string | null = null) => ({
  ok: false,
  complaints: [],
  problems: [expect.stringMatching(problem)],
  code,
});

describe("what --json prints of a command that failed", () => {
  it.each([
    ["status nope", /^Stack local has no agent nope/, null],
    ["plan --stack nope", /^There is no stack "nope"/, null],
    ["logs nope --lines 0", /^--lines 0: expected/, null],
    ["hire --refund", /^--refund needs --resume/, null],
    ["config get nope", /^CONFIG_NOT_FOUND: /, "CONFIG_NOT_FOUND"],
    ["costs --by agent", /^unknown option '--by'/, null],
    ["lock everything", /^too many arguments for 'lock'/, null],
    ["statsu", /^unknown command 'statsu'/, null],
    ["stack ouput", /^unknown command 'stack ouput'/, null],
  ])("%s: an object on stdout, and for people the same on stderr", async (words, problem, code) => {
    const plain = await project.run(...words.split(" "));
    expect(plain).toMatchObject({ exitCode: 1, stdout: "" });

    const { exitCode, stdout, stderr } = await project.run(...words.split(" "), "--json");
    expect(JSON.parse(stdout)).toEqual(failed(problem, code));
    expect(stdout.trimEnd()).not.toContain("\n");
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: plain.stderr });
  });

  it("keeps a remedy, and takes no other word for a code", () => {
    expect(failureDocument("A_CODE: what happened\nwhat to do")).toEqual({
      ...failed(/^A_CODE: what happened\nwhat to do$/, "A_CODE"),
    });
    expect(failureDocument("PULUMI: what happened")).toEqual(failed(/^PULUMI/));
  });
});
