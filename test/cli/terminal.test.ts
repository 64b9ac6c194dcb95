import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openTerminal } from "../../cli/terminal.ts";

describe("the terminal", () => {
  const pair = () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = Object.assign(new PassThrough(), { isTTY: true });
    let shown = "";
    output.on("data", (chunk: Buffer) => void (shown += chunk.toString()));
    return { input, output, shown: () => shown };
  };
  it.each([
    ["shows what is typed", false, /Name: [\s\S]*blue/],
    ["does not show a secret", true, /^(?![\s\S]*blue)[\s\S]*Name: /],
  ])("%s", async (_, isSecret, expected) => {
    const { input, output, shown } = pair();
    const answer = openTerminal({ input, output })?.ask("Name: ", {
      isSecret,
      signal: AbortSignal.timeout(10_000),
    });
    input.write("blue\r");
    expect(await answer).toBe("blue");
    expect(shown()).toMatch(expected);
  });

  it("ends with its input", async () => {
    const { input, output } = pair();
    const answer = openTerminal({ input, output })?.ask("Name: ", {
      isSecret: false,
      signal: AbortSignal.timeout(10_000),
    });
    input.write("\u0004");
    expect(await answer).toBeUndefined();
  });

  it("ends with the command", async () => {
    const { input, output } = pair();
    const stop = new AbortController();
    const answer = openTerminal({ input, output })?.ask("Name: ", { isSecret: false, signal: stop.signal });
    stop.abort();
    await expect(answer).rejects.toThrow(/abort/i);
  });

  it("is none where there is nobody", () => {
    expect(openTerminal({ input: new PassThrough(), output: new PassThrough() })).toBeUndefined();
  });
});
