import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { TESTED } from "../../stacks/pulumi/tested-versions.ts";
import type { TestProject } from "./project.ts";

/** Puts a shell script on PATH that stands in for the real Pulumi CLI; its version is the tested one unless another is given. */
export function fakePulumi(
  project: TestProject,
  script: string,
  { name = "pulumi", version = TESTED.cli }: { readonly name?: string; readonly version?: string } = {},
): void {
  project.write(
    `bin/${name}`,
    `#!/bin/sh\n[ "$1" = version ] && { echo "v${version}"; exit 0; }\n${script}\n`,
  );
  chmodSync(project.path("bin", name), 0o755);
  project.env["PATH"] = `${project.path("bin")}:/usr/bin:/bin:${dirname(process.execPath)}`;
  project.env["PULUMI_HOME"] = project.path("pulumi-home");
}
