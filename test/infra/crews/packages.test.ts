/** Packages of the real index, really locked and installed. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainResolver } from "../../../infra/crews/packages/explain-resolver.ts";
import { lockPackages, lockSentence } from "../../../infra/crews/packages/lock.ts";
import { lockedPackages } from "../../../infra/crews/packages/locked.ts";
import { LOCK_FILE, packagesReader, runtimePackages } from "../../../infra/declarations/index.ts";
import {
  addPackages,
  crewHome,
  crewVenv,
  dropPackages,
  packedPackages,
  tryHome,
  lockOf,
} from "../../../providers/crew-process/local/index.ts";
import { crewEnvironment, repository } from "../../helpers/project.ts";

const INSTALL_MS = 240_000;

let root: string;
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeAll(async () => {
  await crewEnvironment();
  root = mkdtempSync(join(tmpdir(), "masumi-packages-"));
  for (const part of ["installer", "pyproject.toml", "uv.lock"]) {
    cpSync(join(repository, "crew", part), join(root, "crew", part), { recursive: true });
  }
  mkdirSync(join(root, ".masumi"));
  symlinkSync(crewVenv(repository), crewVenv(root));
}, INSTALL_MS);
afterAll(() => rmSync(root, { recursive: true }));

describe("packages of a crew's own", { timeout: INSTALL_MS }, () => {
  it("are locked once, and keep their versions when something else is added", async () => {
    write("own/requirements.txt", "tabulate==0.8.10\ncrewai>=1,<2\n");
    const [first] = await lockPackages(root, ["own"]);
    expect(first).toMatchObject({ packages: [{ name: "tabulate", version: "0.8.10" }] });
    expect(await lockPackages(root, ["own"])).toEqual([]);

    write("own/requirements.txt", "tabulate>=0.8\ntext-unidecode\n");
    const [second] = await lockPackages(root, ["own"]);
    expect(second?.changes).toEqual([{ name: "text-unidecode", to: "1.3" }]);
    expect(second && lockSentence(second)).toContain("2 packages: + text-unidecode 1.3");
    expect(packagesReader(root)("own").state).toBe("locked");
  });

  it("have the versions of the author's uv.lock where the runtime lets them", async () => {
    write("locked/requirements.txt", "tabulate\npydantic\n");
    write(
      "locked/uv.lock",
      'version = 1\n[[package]]\nname = "tabulate"\nversion = "0.9.0"\nsource = { registry = "https://pypi.org/simple" }\n[[package]]\nname = "pydantic"\nversion = "2.11.0"\n[[package]]\nname = "locked"\nsource = { virtual = "." }\n',
    );
    const [written] = await lockPackages(root, ["locked"]);
    expect(written?.packages).toEqual([{ name: "tabulate", version: "0.9.0" }]);
  });

  it("what `crewai create` requires brings its tools, and nothing that the runtime has or goes without", async () => {
    write("created/pyproject.toml", '[project]\ndependencies = ["crewai[tools]>=1.9.0,<2.0.0"]\n');
    const [written] = await lockPackages(root, ["created"]);
    const names = written?.packages.map(({ name }) => name) ?? [];
    expect(names).toContain("crewai-tools");
    const { installed } = runtimePackages(root);
    expect(
      names.filter((name) => installed.has(name) || name === "lancedb" || name === "kubernetes"),
    ).toEqual([]);
  });

  it("that contradict the runtime by what they need themselves are told with both sides", async () => {
    write("against/requirements.txt", "tabulate\nlangchain-openai<0.2\n");
    await expect(lockPackages(root, ["against"])).rejects.toThrow(
      /PACKAGES_UNUSABLE: [^]*against\/requirements.txt:2:1: langchain-openai<0.2, but the crew runtime has openai /,
    );
    expect(existsSync(join(root, "against", LOCK_FILE))).toBe(false);
  });

  it("are installed for a process once, shared by agents, and removed with the last", async () => {
    const packages = lockedPackages(root, "own");
    if (!packages) throw new Error("they are locked");
    const environment = await crewEnvironment();
    const shared = join(root, ".masumi", packages.folder);
    for (const agent of ["a", "b"]) {
      write(`.masumi/crews/${agent}/pylock.toml`, packages.lock);
      expect(lockOf(crewHome(root, agent))).toBe(join(root, `.masumi/crews/${agent}/pylock.toml`));
    }
    const started = performance.now();
    const user = (agent: string) => ({ projectRoot: root, home: crewHome(root, agent) });
    await addPackages(user("a"), packages.folder, environment);
    console.info(
      `Two small packages were installed in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
    );
    const { ino } = statSync(shared);
    const tried = { projectRoot: root, home: tryHome(root, "a") };
    write(".masumi/try/a/pylock.toml", packages.lock);
    await Promise.all(
      [user("a"), user("b"), tried].map((one) => addPackages(one, packages.folder, environment)),
    );
    expect(statSync(shared).ino).toBe(ino);

    const where = join(crewHome(root, "b"), packages.folder);
    const program = `import sys; sys.path.append(${JSON.stringify(where)}); import tabulate; print(tabulate.__file__)`;
    const found = execFileSync(environment.python, ["-c", program], { encoding: "utf8" });
    expect(found.trim()).toBe(join(where, "tabulate.py"));

    await dropPackages(user("a"));
    expect(existsSync(join(where, "tabulate.py"))).toBe(true);
    await dropPackages(user("b"));
    expect(existsSync(join(tried.home, packages.folder, "tabulate.py"))).toBe(true);
    await dropPackages(tried);
    expect(readdirSync(join(root, ".masumi/packages"))).toEqual([]);
  });

  it.each([
    ["linux/amd64", "x86_64"],
    ["linux/arm64", "aarch64"],
  ])("are packed for containers of %s, whatever this machine is", async (platform, machine) => {
    write("compiled/requirements.txt", "ujson==5.10.0\n");
    await lockPackages(root, ["compiled"]);
    const packages = lockedPackages(root, "compiled");
    if (!packages) throw new Error("they are locked");
    const lock = join(root, "compiled", LOCK_FILE);
    const archive = await packedPackages(root, packages.folder, lock, { platform, python: "3.12" });
    const contents = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" });
    expect(contents).toContain(`ujson.cpython-312-${machine}-linux-gnu.so`);
    expect(contents).not.toMatch(/pylock|\.lock/);
    const { ino } = statSync(archive);
    const before = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(archive, before, before);
    await packedPackages(root, packages.folder, lock, { platform, python: "3.12" });
    expect(statSync(archive).ino, "it is not made again").toBe(ino);
    const unused = join(root, ".masumi/packed/unused.tgz");
    write(".masumi/packed/unused.tgz", "");
    utimesSync(unused, before, before);
    await packedPackages(root, packages.folder, lock, { platform, python: "3.13" });
    expect([existsSync(unused), existsSync(archive)], "what was used stays").toEqual([false, true]);
  });

  it("are not what their lock says if a hash differs", async () => {
    const packages = lockedPackages(root, "own");
    const lock = (packages?.lock ?? "").replaceAll(/sha256 = "[0-9a-f]{8}/g, 'sha256 = "00000000');
    write(".masumi/crews/c/pylock.toml", lock);
    const { packagesOf } = await import("../../../providers/crew-process/local/index.ts");
    const adding = addPackages(
      { projectRoot: root, home: crewHome(root, "c") },
      packagesOf(lock),
      await crewEnvironment(),
    );
    await expect(adding).rejects.toThrow(/CREW_INSTALL_FAILED: [^]*[Hh]ash/);
    expect(existsSync(join(crewHome(root, "c"), packagesOf(lock)))).toBe(false);
  });
});

describe("what the resolver says is explained", () => {
  const declared = [
    {
      text: "docopt",
      name: "docopt",
      extras: [],
      specifier: "",
      marker: "",
      file: "own/requirements.txt",
      line: 3,
      column: 1,
    },
  ];
  const asked = { folder: "own", declared, runtime: { versions: new Map([["openai", ["2.54.0"]]]) } };

  it.each([
    ["No solution found: Because all versions of docopt have no usable wheels", "docopt has no wheel"],
    [
      "No solution found: Because docopt was not found in the package registry",
      "the package index has no docopt",
    ],
    ["No solution found: Because only docopt<=0.6.2 is available and", "there is only docopt<=0.6.2"],
    [
      "No solution found: docopt depends on openai==2.54.0, has no usable wheels",
      "the crew runtime has openai 2.54.0",
    ],
    ["No solution found: docopt is strange", "nothing fits them all"],
  ])("%s", (said, why) => {
    expect(explainResolver(said, asked)?.message).toContain(`own/requirements.txt:3:1: docopt, but ${why}`);
  });

  it("but not a network that is down", () => {
    expect(explainResolver("error: Failed to fetch https://pypi.org/simple/docopt/", asked)).toBeUndefined();
  });
});
