import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { runInstaller } from "../../../providers/crew-process/local/index.ts";
import type { LockedPackage, RuntimePackages } from "../../declarations/index.ts";
import type { RuntimeMetadata } from "./runtime-metadata.ts";

/** What is to be resolved. */
export interface Resolution {
  readonly uv: string;
  readonly python: string;
  readonly requirements: readonly string[];
  readonly runtime: RuntimePackages;
  readonly metadata: RuntimeMetadata;
  /** Versions that are kept where that is possible: of the lock before, or of the author's own uv.lock. */
  readonly preferred: readonly LockedPackage[];
}

/** The platforms that crews run on, as in crew/pyproject.toml. */
const PLATFORMS = ["sys_platform == 'linux'", "sys_platform == 'darwin'"];

/** Never built from source: that would run code of a package with the keys of whoever deploys. */
const WHEELS_ONLY = "--no-build";

/**
 * Resolves requirements beside the runtime's own packages, for every Python and platform that crews run on.
 *
 * @returns a lock as in PEP 751, without what the runtime has
 * @throws CrewProcessError CREW_INSTALL_FAILED with uv's own words
 */
export async function resolvePackages(resolution: Resolution): Promise<string> {
  const { uv, python, runtime } = resolution;
  // Outside of any project, so that no other one's settings apply.
  const folder = mkdtempSync(join(tmpdir(), "masumi-packages-"));
  const env = { ...process.env, UV_SYSTEM_CERTS: "1", UV_PYTHON: python, UV_PYTHON_DOWNLOADS: "never" };
  const run = (...args: string[]) => runInstaller(uv, args, { env, cwd: folder, what: "Resolving packages" });
  try {
    writeFileSync(join(folder, "pyproject.toml"), projectOf(resolution));
    if (resolution.preferred.length > 0) writeFileSync(join(folder, "uv.lock"), locked(resolution));
    await run("lock", WHEELS_ONLY);
    const left = [...runtime.installed].flatMap((name) => ["--no-emit-package", name]);
    const form = ["--frozen", "--format", "pylock.toml", "--no-emit-project", "--no-header"];
    return await run("export", ...form, ...left);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const projectOf = ({ requirements, runtime, metadata }: Resolution): string =>
  stringify({
    project: {
      name: "crew",
      version: "0",
      "requires-python": runtime.requiresPython,
      dependencies: [...requirements],
    },
    tool: {
      uv: {
        package: false,
        environments: PLATFORMS,
        "constraint-dependencies": [...runtime.pins, ...metadata.constraints],
        "dependency-metadata": metadata.packages.map(({ name, version, requires, extras }) => ({
          name,
          version,
          "requires-dist": [...requires],
          "provides-extra": [...extras],
        })),
      },
    },
  });

/** uv keeps the versions of a lock that it finds, whatever else is in it. */
const locked = ({ runtime, preferred }: Resolution): string =>
  stringify({
    version: 1,
    "requires-python": runtime.requiresPython,
    package: preferred.map(({ name, version }) => ({
      name,
      version,
      source: { registry: "https://pypi.org/simple" },
    })),
  });
