import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { TESTED_SDK_VERSIONS } from "../stack/sdk.ts";

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const packageIn = (path: string) => JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Package;

const own = packageIn(folder);
const sources = globSync("**/*.{ts,js,cjs}", { cwd: folder }).filter((file) => !file.startsWith("test"));

/** `@scope/name` or `name`, of everything that a source of the engine imports and that is not Node's. */
const imported = sources.flatMap((file) =>
  [...readFileSync(join(folder, file), "utf8").matchAll(/(?:\bfrom |\brequire\(|\bimport\()"([^"]+)"/gu)]
    .map(([, name = ""]) => name)
    .filter((name) => !name.startsWith("node:"))
    .map((name) => ({ file, name })),
);

describe("the engine is a package of its own", () => {
  it("which imports nothing from outside its folder", () => {
    const outside = imported
      .filter(({ name }) => name.startsWith("."))
      .filter(({ file, name }) => join(dirname(file), name).startsWith(".."));
    expect(outside).toEqual([]);
  });

  it("which names exactly the packages that it imports", () => {
    const packages = imported
      .filter(({ name }) => !name.startsWith("."))
      .map(({ name }) => /^(?:@[^/]+\/)?[^/]+/u.exec(name)?.[0] ?? "");
    expect([...new Set(packages)].toSorted()).toEqual(
      Object.keys({ ...own.dependencies, ...own.peerDependencies }).toSorted(),
    );
  });

  it("in the versions that are installed, and of the SDK those that it was tested with", () => {
    const { dependencies } = packageIn(join(folder, "../.."));
    expect(dependencies).toMatchObject({ ...own.dependencies, ...own.peerDependencies });
    expect(TESTED_SDK_VERSIONS).toContain(own.peerDependencies?.["@pulumi/pulumi"]);
  });
});
