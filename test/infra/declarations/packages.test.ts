import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCK_FILE, packagesReader, parseRequirement } from "../../../infra/declarations/index.ts";
import { checkPackages } from "../../../infra/declarations/packages/check.ts";
import { fitsContainer, isNeededOnLinux } from "../../../infra/declarations/packages/wheels.ts";

describe("a requirement", () => {
  it.each([
    ["requests", "requests", [], "", ""],
    ["Typing_Extensions >= 4 , <5", "typing-extensions", [], ">=4,<5", ""],
    ["crewai[tools, File.Processing]~=1.9", "crewai", ["tools", "file-processing"], "~=1.9", ""],
    ["zope.interface (==7.*)", "zope-interface", [], "==7.*", ""],
    ['tomli>=2 ; python_version < "3.12"', "tomli", [], ">=2", 'python_version < "3.12"'],
  ])("%s", (text, name, extras, specifier, marker) => {
    expect(parseRequirement(text)).toEqual({ text, name, extras, specifier, marker });
  });

  it.each([
    "-e .",
    "./local",
    "https://example.com/a.whl",
    "a @ https://example.com/a.whl",
    "a b",
    "a ==",
    "a >= two",
    "",
  ])("is not: %j", (text) => expect(parseRequirement(text)).toBeUndefined());
});

describe("a container takes a wheel", () => {
  it.each([
    ["six-1.17.0-py2.py3-none-any.whl", true],
    ["numpy-2.5.5-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", true],
    ["numpy-2.5.5-cp312-cp312-manylinux_2_28_aarch64.whl", true],
    ["cryptography-46.0.0-cp311-abi3-manylinux_2_34_x86_64.whl", true],
    ["built-1.0-1-py311-none-any.whl", true],
    ["numpy-2.5.5-cp311-cp311-manylinux_2_28_x86_64.whl", false],
    ["numpy-2.5.5-cp313-cp313-manylinux_2_28_x86_64.whl", false],
    ["cryptography-46.0.0-cp314-abi3-manylinux_2_34_x86_64.whl", false],
    ["numpy-2.5.5-cp312-cp312-macosx_14_0_arm64.whl", false],
    ["numpy-2.5.5-cp312-cp312-musllinux_1_2_x86_64.whl", false],
    ["numpy-2.5.5-cp312-cp312-manylinux_2_28_s390x.whl", false],
    ["old-1.0-py2-none-any.whl", false],
  ])("%s: %s", (wheel, fits) => expect(fitsContainer(wheel)).toBe(fits));

  it.each([
    [undefined, true],
    ["sys_platform == 'darwin' or sys_platform == 'linux'", true],
    ["sys_platform == 'darwin'", false],
    ["python_full_version < '3.12' and sys_platform == 'linux'", false],
  ])("and whether a package is surely needed there, its marker says: %s", (marker, needed) =>
    expect(isNeededOnLinux({ name: "a", version: "1", wheels: [], marker })).toBe(needed),
  );
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "masumi-packages-"));
  write(
    "crew/pyproject.toml",
    '[project]\nrequires-python = ">=3.11,<3.14"\noptional-dependencies = { aws = ["botocore"], tools = ["crewai-tools==1"], excel = ["openpyxl"] }\n',
  );
  // What makes a folder the runtime of a project's own.
  write("crew/src/crew_runtime/__init__.py", "");
  runtimeHas("2.12.5");
  write("own/crew.py", "from crewai import Crew\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A runtime with CrewAI and pydantic, and botocore in images. */
function runtimeHas(pydantic: string): void {
  const locked = (name: string, version: string, more = "") =>
    `[[package]]\nname = "${name}"\nversion = "${version}"\n${more}\n`;
  const own =
    'dependencies = [{ name = "crewai" }]\n[package.optional-dependencies]\naws = [{ name = "botocore" }]\n';
  write(
    "crew/uv.lock",
    locked("crewai", "1.15.30", 'dependencies = [{ name = "pydantic" }]') +
      locked("pydantic", pydantic) +
      locked("botocore", "1.44.5") +
      locked("pytest", "9.0.0") +
      locked("crew-runtime", "0.1.0", own),
  );
}

const read = () => packagesReader(root)("own");

/** Writes a lock as `lock` does for what is required now. */
function lockNow(): void {
  const wheel = `{ url = "https://example.com/a.whl", hashes = { sha256 = "${"0".repeat(64)}" } }`;
  write(
    `own/${LOCK_FILE}`,
    `[[packages]]\nname = "tabulate"\nversion = "0.9.0"\nwheels = [${wheel}]\n[tool.masumi-agents]\nrequirements = "${read().wanted.digest}"\n`,
  );
}

describe("extras of the runtime are taken when the code asks for them", () => {
  it.each([
    ["from crewai_tools import FileReadTool", ["crewai-tools==1"]],
    ["    import crewai_tools", ["crewai-tools==1"]],
    ["ExcelKnowledgeSource(file_paths=[])", ["openpyxl"]],
    ["# from crewai_tools import X", []],
    // Served by the runtime itself.
    ["PDFKnowledgeSource(file_paths=[])\ncrew = Crew(memory=True)", []],
  ])("%j", (code, requirements) => {
    write("own/src/other.py", code);
    expect(read().wanted.requirements).toEqual(requirements);
  });
});

describe("requirements", () => {
  it("are those of pyproject.toml, else of requirements.txt", () => {
    write("own/requirements.txt", "# all\ntabulate \\\n  >=0.9 --hash=sha256:abc\n\nhttpx # http\n");
    expect(read().wanted.declared).toMatchObject([
      { name: "tabulate", specifier: ">=0.9", line: 2 },
      { name: "httpx", line: 5, column: 1 },
    ]);
    write("own/pyproject.toml", '[project]\ndependencies = ["polars"]\n');
    expect(read().wanted.declared).toMatchObject([{ name: "polars", file: "own/pyproject.toml" }]);
    write("own/pyproject.toml", '[project]\ndynamic = ["dependencies"]\n');
    expect(read().wanted.declared).toHaveLength(2);
  });

  it("that the runtime meets need no lock, an extra of its packages does", () => {
    write("own/requirements.txt", "crewai>=1\npydantic\n");
    expect(read().state).toBe("none");
    write("own/requirements.txt", "crewai[tools]>=1\n");
    expect(read().state).toBe("missing");
  });

  it.each([
    ["pydantic<2", "the project asks for pydantic<2, and the crew runtime has pydantic 2.12.5"],
    ["botocore==1.40", "the project asks for botocore==1.40, and the crew runtime has botocore 1.44.5"],
    [
      "pydantic>=2.12,!=2.12.5",
      "the project asks for pydantic>=2.12,!=2.12.5, and the crew runtime has pydantic 2.12.5",
    ],
    ["pydantic~=2.12", undefined],
    ["pytest<8", undefined],
    ['pydantic<2; python_version < "3.11"', undefined],
  ])("%s", (line, message) => {
    write("own/requirements.txt", `tabulate\n${line}\n`);
    const expected =
      message === undefined ? [] : [{ file: "own/requirements.txt", line: 2, column: 1, message }];
    expect(read().complaints).toMatchObject(expected);
  });

  it("of Poetry alone, or in no TOML, are complained of", () => {
    write("own/pyproject.toml", '[tool.poetry.dependencies]\npolars = "^1"\n');
    expect(read().complaints).toMatchObject([{ line: 1, message: "Poetry's own dependencies are not read" }]);
    write("own/pyproject.toml", "[project\n");
    expect(read().complaints).toMatchObject([{ file: "own/pyproject.toml", line: 1 }]);
  });
});

describe("a lock", () => {
  beforeEach(() => {
    write("own/requirements.txt", "tabulate\n");
    lockNow();
  });

  it("holds as long as nothing changes that decided it", () => {
    expect(read()).toMatchObject({
      state: "locked",
      lock: { packages: [{ name: "tabulate", version: "0.9.0" }] },
    });
    write("own/requirements.txt", "# the same\ntabulate\n");
    write("own/crew.py", "def crew(): ...\n");
    expect(read().state).toBe("locked");
  });

  it.each([
    ["a requirement", () => write("own/requirements.txt", "tabulate>=0.9\n")],
    ["what the code asks for", () => write("own/crew.py", "import crewai_tools\n")],
    ["the runtime's version", () => runtimeHas("2.12.6")],
    ["the author's uv.lock", () => write("own/uv.lock", "version = 1\n")],
  ])("is stale after a change of %s", (_, change) => {
    change();
    expect(read().state).toBe("stale");
  });

  it.each([
    ["that a merge spoilt", "<<<<<<< ours\n"],
    ["of a folder", '[[packages]]\nname = "a"\nversion = "1"\nwheels = []\ndirectory = { path = "../.." }\n'],
    [
      "of a repository",
      '[[packages]]\nname = "a"\nversion = "1"\nwheels = []\nvcs = { type = "git", url = "u", commit-id = "c" }\n',
    ],
    [
      "of a file",
      '[[packages]]\nname = "a"\nversion = "1"\nwheels = [{ path = "a.whl", hashes = { sha256 = "0" } }]\n',
    ],
    [
      "without a hash",
      '[[packages]]\nname = "a"\nversion = "1"\nwheels = [{ url = "https://example.com/a.whl", hashes = {} }]\n',
    ],
  ])("%s is none", (_, text) => {
    const table = `[tool.masumi-agents]\nrequirements = "${read().wanted.digest}"\n`;
    write(`own/${LOCK_FILE}`, text + table);
    expect(read().state).toBe("missing");
  });

  it("that is missing is a complaint in a pipeline alone", () => {
    rmSync(join(root, "own", LOCK_FILE));
    expect(checkPackages(read(), "own", false)).toEqual([]);
    expect(checkPackages(read(), "own", true)).toMatchObject([
      {
        file: "own/requirements.txt",
        line: 1,
        message: "the packages of own are not locked",
        remedy: `run masumi-agents lock, and commit own/${LOCK_FILE}`,
      },
    ]);
  });
});
