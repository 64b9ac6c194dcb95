import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EngineError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { Project } from "./project.ts";

/** The files of the project's own SDK that the engine starts. */
export interface Sdk {
  readonly run: string;
  readonly dynamicProvider: string;
  readonly version: string;
  /** Where Node may keep what it compiled. Whoever writes there could have written the SDK itself, unlike a state's folder. */
  readonly cacheFolder: string;
}

/** Finds @pulumi/pulumi as the program would: from its own folder. @throws EngineError NO_SDK, UNTESTED_SDK_VERSION */
export function findSdk(project: Project): Sdk {
  const require = createRequire(join(project.programDir, "index.js"));
  let packageJson: string;
  try {
    packageJson = require.resolve("@pulumi/pulumi/package.json");
  } catch (error) {
    throw new EngineError(
      "NO_SDK",
      `@pulumi/pulumi cannot be found from ${project.programDir}.`,
      "Run `npm install` in the project.",
      {
        cause: error,
      },
    );
  }
  const version = checkSdkVersion(packageJson);
  const command = (name: string): string => join(dirname(packageJson), "cmd", name, "index.js");
  const cacheFolder = join(dirname(packageJson), "../..", ".cache", "node");
  return { run: command("run"), dynamicProvider: command("dynamic-provider"), version, cacheFolder };
}

/** The SDK versions this engine was compared with; another one may speak another protocol. */
export const TESTED_SDK_VERSIONS: readonly string[] = ["3.270.0"];

/** The version of the SDK whose package.json this is. @throws EngineError UNTESTED_SDK_VERSION */
export function checkSdkVersion(packageJson: string): string {
  const parsed: unknown = JSON.parse(readFileSync(packageJson, "utf8"));
  const version = isRecord(parsed) ? String(parsed["version"]) : "unknown";
  if (!TESTED_SDK_VERSIONS.includes(version)) {
    throw new EngineError(
      "UNTESTED_SDK_VERSION",
      `@pulumi/pulumi ${version} was not tested with the embedded engine (tested: ${TESTED_SDK_VERSIONS.join(", ")}).`,
      "Pin a tested version in package.json, or deploy with the Pulumi CLI.",
    );
  }
  return version;
}
