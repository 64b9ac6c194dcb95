import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { judgeStackFiles } from "../../stacks/agents.ts";
import { readStackImages, writeSbom } from "../../stacks/images.ts";
import type { Project } from "../../stacks/project.ts";
import { UserError } from "../../stacks/user-error.ts";
import { areProcesses } from "../doctor/cloud.ts";
import { print, printJson, printProgress } from "../text.ts";

export interface SbomFlags {
  readonly stack: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `sbom`: a software bill of materials of each image that the stack's last run built. */
export async function sbom(project: Project, flags: SbomFlags, agent: string | undefined): Promise<number> {
  const { stack, out, json } = flags;
  const { env } = process;
  const built = await readStackImages(project, stack, { env });
  const wanted = built.filter(({ name }) => agent === undefined || name === agent);
  if (wanted.length === 0) {
    const { readable } = judgeStackFiles(project, stack, { needsNoSecrets: true });
    if (built.length === 0 && areProcesses(readable)) {
      throw new UserError(
        `Stack ${stack} builds no image: none of its agents is hosted in a container. ` +
          "With hosting docker, ecs-alb or ecs-express, up builds some.",
      );
    }
    const names = built.map(({ name }) => name).join(", ") || "none";
    throw new UserError(
      `The last run of stack ${stack} built no image ${agent ?? "at all"}. Its images: ${names}.`,
    );
  }
  const folder = resolve(project.root, out);
  mkdirSync(folder, { recursive: true });
  const written: { readonly name: string; readonly image: string; readonly file: string }[] = [];
  for (const { name, image } of wanted) {
    const file = join(folder, `${name}.spdx.json`);
    printProgress(`${name}: ${image} ...`);
    await writeSbom(image, file, { env });
    written.push({ name, image, file });
  }
  if (json) printJson({ images: written });
  else for (const { name, file } of written) print(`${name}: ${file}\n`);
  return 0;
}
