import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, normalize, resolve } from "node:path";
import { parse } from "yaml";
import { EngineError, messageOf, NotImplemented } from "../errors.ts";
import { isRecord } from "../json.ts";

/** What `Pulumi.yaml` says, as far as this engine needs it. */
export interface Project {
  readonly name: string;
  /** Absolute path of the folder that holds `Pulumi.yaml`. */
  readonly root: string;
  /** Working directory of the program and of its dynamic provider. */
  readonly programDir: string;
  /** Entry file in `programDir`; "." lets `main` of the package decide. */
  readonly entry: string;
  /** Whether the SDK compiles TypeScript itself (`runtime.options.typescript`, default true). */
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  /** Extra arguments of the program's Node. */
  readonly nodeArgs: readonly string[];
}

const KNOWN_KEYS = new Set([
  "name",
  "description",
  "author",
  "website",
  "license",
  "main",
  "runtime",
  "backend",
  "template",
]);
const REFUSED_KEYS = ["config", "stackConfigDir", "options", "plugins", "packages", "requiredPulumiVersion"];
const KNOWN_RUNTIME_OPTIONS = new Set(["typescript", "nodeargs", "tsconfig", "packagemanager"]);

/** @throws EngineError BAD_PROJECT, NOT_IMPLEMENTED */
export async function loadProject(projectDir: string): Promise<Project> {
  const root = resolve(projectDir);
  const file = join(root, "Pulumi.yaml");
  const yaml = await readYamlObject(file, "BAD_PROJECT");
  for (const key of Object.keys(yaml)) {
    if (REFUSED_KEYS.includes(key)) throw new NotImplemented(`"${key}"`, "Pulumi.yaml");
    if (!KNOWN_KEYS.has(key)) throw new EngineError("BAD_PROJECT", `${file}: unknown key "${key}".`);
  }
  const name = yaml["name"];
  if (typeof name !== "string" || !/^[A-Za-z0-9_.-]{1,100}$/u.test(name)) {
    throw new EngineError(
      "BAD_PROJECT",
      `${file}: "name" must be 1 to 100 letters, digits, "_", "-" or ".".`,
    );
  }
  const options = runtimeOptions(yaml["runtime"], file);
  return { name, root, ...programOf(root, yaml["main"], file), ...options };
}

function runtimeOptions(
  runtime: unknown,
  file: string,
): Pick<Project, "typescript" | "tsconfig" | "nodeArgs"> {
  const spec = typeof runtime === "string" ? { name: runtime } : runtime;
  if (!isRecord(spec) || spec["name"] !== "nodejs") {
    throw new NotImplemented("a runtime other than nodejs", file);
  }
  const options = isRecord(spec["options"]) ? spec["options"] : {};
  for (const key of Object.keys(options)) {
    if (!KNOWN_RUNTIME_OPTIONS.has(key)) throw new NotImplemented(`runtime option "${key}"`, file);
  }
  const { typescript, tsconfig, nodeargs } = options;
  return {
    typescript: typescript !== false,
    tsconfig: typeof tsconfig === "string" ? tsconfig : undefined,
    nodeArgs: typeof nodeargs === "string" ? nodeargs.split(/\s+/u).filter((word) => word !== "") : [],
  };
}

/** `main` may name a folder or a file; a file runs in its own folder. */
function programOf(root: string, main: unknown, file: string): Pick<Project, "programDir" | "entry"> {
  if (main === undefined) return { programDir: root, entry: "." };
  const path = typeof main === "string" ? normalize(join(root, main)) : "";
  if (!path.startsWith(root))
    throw new EngineError("BAD_PROJECT", `${file}: "main" must be a path inside the project.`);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new EngineError("BAD_PROJECT", `${file}: "main" names ${path}, which does not exist.`);
  return stats.isDirectory()
    ? { programDir: path.replace(/\/$/u, ""), entry: "." }
    : { programDir: dirname(path), entry: basename(path) };
}

async function readYamlObject(file: string, code: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new EngineError(code, `${file} cannot be read: ${messageOf(error)}`, undefined, { cause: error });
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new EngineError(code, `${file} is not valid YAML: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  }
  if (value === null || value === undefined) return {};
  if (!isRecord(value)) throw new EngineError(code, `${file} must hold a mapping.`);
  return value;
}
