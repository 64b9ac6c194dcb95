/**
 * How long a project takes to install, and how large it gets: `npm run bench:install`. With `--cold`, each also with an empty cache of
 * npm's, so that everything is fetched.
 */
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatTable } from "../../cli/table.ts";
import { type HostingKind, TRAITS } from "../../infra/hosting/traits.ts";
import type { HostingTraits } from "../../infra/hosting/kind.ts";
import { buildPackages } from "../../packaging/build.ts";
import { commandForMissing, portalPackages } from "../../providers/common/optional-packages.ts";
import { initProject } from "../../stacks/init/init.ts";
import { repository } from "../helpers/project.ts";

const folder = mkdtempSync(join(tmpdir(), "masumi-bench-install-"));
const MIB = 2 ** 20;

/** What the files of a folder take on the disk, in bytes. */
function sizeOf(path: string): number {
  const found = lstatSync(path);
  const inside = found.isDirectory() ? readdirSync(path) : [];
  return inside.reduce((sum, name) => sum + sizeOf(join(path, name)), found.blocks * 512);
}

function npm(cwd: string, ...words: string[]): void {
  const { status, stderr } = spawnSync("npm", [...words, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm ${words.join(" ")}:\n${stderr}`);
}

interface Case {
  readonly name: string;
  /** Makes the project's folder, without packages. */
  readonly make: (into: string) => void;
  readonly words: readonly string[];
}

function measure({ name, make, words }: Case, cache: string | undefined): string[] {
  const project = join(folder, `${name.replaceAll(/\W+/g, "-")}-${cache === undefined ? "kept" : "fetched"}`);
  make(project);
  const began = performance.now();
  npm(project, ...words, ...(cache === undefined ? ["--prefer-offline"] : ["--cache", cache]));
  const seconds = (performance.now() - began) / 1000;
  const size = sizeOf(join(project, "node_modules")) / MIB;
  rmSync(project, { recursive: true });
  return [name, cache === undefined ? "filled" : "empty", seconds.toFixed(1), size.toFixed(0)];
}

const optional = (names: readonly string[]): readonly string[] => {
  const command = commandForMissing(names, `${folder}/`);
  return command === undefined ? [] : command.split(" ").slice(2);
};

try {
  const { main } = await buildPackages({ into: join(folder, "dist") });
  npm(folder, "pack", main);
  const tarball = join(folder, readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? "");
  const make = (into: string) => void initProject({ folder: into, package: `file:${tarball}` });
  const packagesOf = (kind: HostingKind) => (TRAITS[kind] as HostingTraits<never>).packages ?? [];
  const cases: Case[] = [
    { name: "local project", make, words: ["install"] },
    { name: "with docker", make, words: ["install", ...optional(packagesOf("docker"))] },
    { name: "with ecs-alb", make, words: ["install", ...optional(packagesOf("ecs-alb"))] },
    { name: "with the portal", make, words: ["install", ...optional(portalPackages())] },
    {
      name: "this repository",
      make: (into) => {
        mkdirSync(join(into, "portal"), { recursive: true });
        for (const file of ["package.json", "package-lock.json", "portal/package.json"])
          cpSync(join(repository, file), join(into, file));
      },
      words: ["ci"],
    },
  ];
  const caches = process.argv.includes("--cold") ? [undefined, join(folder, "cache")] : [undefined];
  const rows = cases.flatMap((one) =>
    caches.map((cache) => {
      if (cache) rmSync(cache, { recursive: true, force: true });
      return measure(one, cache);
    }),
  );
  process.stdout.write(formatTable(["what", "npm's cache", "seconds", "MiB"], rows));
} finally {
  rmSync(folder, { recursive: true });
}
