import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { crewFolder } from "../../../providers/common/own-files.ts";

/** The packages of the crew runtime, which what a crew brings has to fit. */
export interface RuntimePackages {
  /** Every package of the runtime in its exact version, as requirements; also those that only its images have. */
  readonly pins: readonly string[];
  /** The versions of these packages; one may have several, each for some versions of Python. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
  /** The names of those that it has wherever it runs. */
  readonly installed: ReadonlySet<string>;
  /** What it does not have unless a crew asks for it: the requirements of each extra. */
  readonly extras: ReadonlyMap<string, readonly string[]>;
  /** The versions of Python that it runs on, such as `>=3.11,<3.14`. */
  readonly requiresPython: string;
}

const dependencySchema = z.object({ name: z.string(), extra: z.array(z.string()).default([]) });
const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  "resolution-markers": z.array(z.string()).default([]),
  dependencies: z.array(dependencySchema).default([]),
  "optional-dependencies": z.record(z.string(), z.array(dependencySchema)).default({}),
});
type LockedPackage = z.infer<typeof packageSchema>;

const lockSchema = z.object({ package: z.array(packageSchema) });
const projectSchema = z.object({
  project: z.object({
    "requires-python": z.string(),
    "optional-dependencies": z.record(z.string(), z.array(z.string())),
  }),
});

const RUNTIME = "crew-runtime";

/** What only the runtime's images have (crew/Dockerfile). */
const IN_IMAGES = ["aws", "postgres"];

/** Reads which packages the runtime has from its uv.lock, and which it can have from its pyproject.toml. */
export function runtimePackages(projectRoot: string): RuntimePackages {
  const folder = crewFolder(projectRoot);
  const read = (name: string) => parse(readFileSync(join(folder, name), "utf8"));
  const { package: packages } = lockSchema.parse(read("uv.lock"));
  const { project } = projectSchema.parse(read("pyproject.toml"));
  const installed = reachable(packages, []);
  const inImages = reachable(packages, IN_IMAGES);
  const fixed = packages.filter(({ name }) => inImages.has(name));
  return {
    pins: fixed.map(pinOf),
    versions: new Map(
      [...inImages].map((name) => [
        name,
        fixed.filter((one) => one.name === name).map(({ version }) => version),
      ]),
    ),
    installed,
    extras: new Map(
      Object.entries(project["optional-dependencies"]).filter(([extra]) => !IN_IMAGES.includes(extra)),
    ),
    requiresPython: project["requires-python"],
  };
}

/** A package of several versions has each of them in some environments. */
function pinOf({ name, version, "resolution-markers": markers }: LockedPackage): string {
  const where = markers.map((marker) => `(${marker})`).join(" or ");
  return `${name}==${version}${where && ` ; ${where}`}`;
}

/** Returns the names of what the runtime with some of its extras leads to, without itself. */
function reachable(packages: readonly LockedPackage[], extras: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (name: string, extra: readonly string[]) => {
    for (const found of packages.filter((one) => one.name === name)) {
      for (const part of ["", ...extra]) {
        const key = `${found.name} ${found.version} ${part}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const needed = part === "" ? found.dependencies : (found["optional-dependencies"][part] ?? []);
        for (const dependency of needed) visit(dependency.name, dependency.extra);
      }
    }
  };
  visit(RUNTIME, extras);
  return new Set([...seen].map((key) => key.slice(0, key.indexOf(" "))).filter((name) => name !== RUNTIME));
}
