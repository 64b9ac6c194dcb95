import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../providers/masumi/service/errors.ts";
import { repository } from "../helpers/project.ts";

/** Codes where they are made: `code: "X"`, `code = "X"`, and the unions of the crew process provider, the hostings and hires. */
const MADE =
  /\bcode(?::| =) "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"|(?:^ {2}|ErrorCode = |\| )"([A-Z]+(?:_[A-Z]+)+)"/gm;

function codesInSources(): Set<string> {
  const files = globSync("{infra,providers,buyer,stacks,portal}/**/*.ts", { cwd: repository })
    // Its names in capitals are Linux capabilities.
    .filter((file) => !file.endsWith("schema/container.ts"));
  // The names of settings that a type picks are no codes.
  const texts = files.map((file) =>
    readFileSync(join(repository, file), "utf8").replaceAll(/\bPick<[^>]*>/g, ""),
  );
  return new Set(
    texts.flatMap((text) => [...text.matchAll(MADE)].map((match) => match[1] ?? match[2] ?? "")),
  );
}

/** Codes of the embedded engine: those of its error classes, and those at the beginning of a message that it reports. */
const MADE_BY_ENGINE =
  /(?:EngineError|super)\(\s*"([A-Z]+(?:_[A-Z]+)*)"|`([A-Z]+(?:_[A-Z]+)+): |, "(BAD_[A-Z_]+)"\)/g;

function codesOfEngine(): string[] {
  const files = globSync("local/engine/**/*.ts", { cwd: repository }).filter(
    (file) => !file.includes("/test/"),
  );
  const codes = files.flatMap((file) =>
    [...readFileSync(join(repository, file), "utf8").matchAll(MADE_BY_ENGINE)].map(
      ([, made, reported, passed]) => made ?? reported ?? passed ?? "",
    ),
  );
  return [...new Set(codes)].toSorted();
}

describe("the embedded engine's codes", () => {
  const named = (file: string, pattern: RegExp) =>
    [...readFileSync(join(repository, file), "utf8").matchAll(pattern)]
      .map(([, code = ""]) => code)
      .toSorted();

  it("have a row each in docs/errors.md, and no other has", () => {
    expect(codesOfEngine().length).toBeGreaterThan(40);
    expect(named("docs/errors.md", /^\| `([A-Z_]+)` /gm)).toEqual(codesOfEngine());
  });

  it("are all in the engine's own README", () => {
    const [, list = ""] = readFileSync(join(repository, "local/engine/README.md"), "utf8").split(
      "## Error codes",
    );
    const [codes = ""] = list.split("\n## ");
    expect([...codes.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, code = ""]) => code).toSorted()).toEqual(
      codesOfEngine(),
    );
  });
});

describe("docs/errors.md", () => {
  const text = readFileSync(join(repository, "docs/errors.md"), "utf8");
  const documented = [...text.matchAll(/^### (\S+)$/gm)].map(([, code]) => code ?? "");

  it("has one entry for every error code, and no other", () => {
    const made = new Set([...codesInSources(), ...Object.keys(ERROR_CODES)]);
    // Never seen by a user: it is turned into AGENT_ADDRESS_PRIVATE where it is caught.
    made.delete("PRIVATE_ADDRESS");
    expect(documented.toSorted()).toEqual([...made].toSorted());
  });

  it("says for each what to do", () => {
    const entries = text.split(/^### /m).slice(1);
    expect(entries.filter((entry) => !entry.includes("**What to do.**"))).toEqual([]);
  });
});
