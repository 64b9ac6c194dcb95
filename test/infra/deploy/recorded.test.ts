import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Recording, record } from "./recorder.ts";
import { FIXTURES, KEYS, deploy, projectOf } from "./stack.ts";

const cases = readdirSync(FIXTURES).filter((name) => !name.startsWith("_"));
const shownOf = ({ resources }: Recording) => `${JSON.stringify(resources, undefined, 2)}\n`;

describe("a stack registers every resource as recorded", () => {
  it.each(cases)("%s", async (name) => {
    const projectRoot = projectOf(name);
    const recording = await record(() => deploy(projectRoot));

    const golden = join(FIXTURES, name, "expected.json");
    const shown = shownOf(recording);
    const expected = existsSync(golden) ? readFileSync(golden, "utf8") : "";
    if (shown !== expected) writeFileSync(`${golden}.actual`, shown);
    expect(shown).toBe(expected);

    const again = await record(() => deploy(projectRoot));
    expect(shownOf(again), "a second run plans nothing").toBe(shown);
    expect(recording.uncovered, "no container, and no other resource, gets this key").not.toContain(
      KEYS.apiKey,
    );
    expect(recording.uncovered).toContain(KEYS.runtimeKey);
    expect(shown, "keys are secrets wherever they are").not.toContain("sentinel-");
  });
});
