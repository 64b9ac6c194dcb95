import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  commandForMissing,
  portalPackages,
  requirePackages,
} from "../../../providers/common/optional-packages.ts";
import { HOSTINGS, TRAITS } from "../../../infra/hosting/traits.ts";
import type { HostingTraits } from "../../../infra/hosting/kind.ts";
import { repository } from "../../helpers/project.ts";

const elsewhere = mkdtempSync(join(tmpdir(), "optional-packages-"));
afterAll(() => rmSync(elsewhere, { recursive: true }));
const { dependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

describe("packages that only some stacks need", () => {
  it("are installed in the repository, and have a version there", () => {
    const names = HOSTINGS.flatMap((kind) => (TRAITS[kind] as HostingTraits<never>).packages ?? []);
    expect(names).toContain("@pulumi/aws");
    expect(names.filter((name) => dependencies[name] === undefined)).toEqual([]);
    expect(commandForMissing([...names, ...portalPackages()])).toBeUndefined();
  });

  it("are named with version and command where they are missing, each once", () => {
    const command = commandForMissing(["@pulumi/aws", "hono", "@pulumi/aws"], `${elsewhere}/`);
    expect(command).toMatch(/^npm install @pulumi\/aws@7\.\d+\.\d+ hono@\d+\.\d+\.\d+$/);
    expect(() => requirePackages("The portal", ["hono"], `${elsewhere}/`)).toThrow(
      /^PACKAGE_MISSING: The portal needs packages that are not installed\.\nInstall them: npm install hono@/,
    );
  });

  it("count as there even if they hide their package.json", () => {
    const folder = join(elsewhere, "node_modules/closed");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "name": "closed", "exports": "./index.js" }');
    expect(commandForMissing(["closed"], `${elsewhere}/`)).toBeUndefined();
  });
});
