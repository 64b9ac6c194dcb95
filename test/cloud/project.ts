import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestProject, repository } from "../helpers/project.ts";

/** What builds images may not be links: contexts are found from the program's own folder. */
const COPIED = [
  "providers",
  "crew/Dockerfile",
  "crew/installer",
  "crew/pyproject.toml",
  "crew/uv.lock",
  "crew/src",
];

/** A project, called `name`, whose crews' images are built on `base`. */
export function makeCloudProject(name: string, base: string): TestProject {
  const project = new TestProject();
  project.write("Pulumi.yaml", project.read("Pulumi.yaml").replace(/^name: .*$/m, `name: ${name}`));
  for (const part of ["providers", "crew"]) rmSync(project.path(part));
  for (const part of COPIED) cpSync(join(repository, part), project.path(part), { recursive: true });
  const dockerfile = project.path("crew/Dockerfile");
  const declared = readFileSync(dockerfile, "utf8");
  writeFileSync(dockerfile, declared.replace(/^ARG BASE_IMAGE=.*$/m, `ARG BASE_IMAGE=${base}`));
  return project;
}
