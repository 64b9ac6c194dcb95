import { configValues, getConfig, removeConfig, setConfig } from "../../local/engine/stack/index.ts";
import { localRun } from "../../stacks/local-stack.ts";
import { LOCAL_STACK, type Project, projectName } from "../../stacks/project.ts";
import { passToPulumi } from "../pulumi.ts";
import { printJson } from "../text.ts";

interface ConfigFlags {
  readonly stack: string;
}

const real = (project: Project, { stack }: ConfigFlags, ...words: readonly string[]): Promise<number> =>
  passToPulumi(project, ["config", ...words, "--stack", stack]);

/** `config`: every value of the stack; secrets read `[secret]` unless they are asked for. */
export async function listConfig(
  project: Project,
  flags: ConfigFlags & { readonly json?: boolean; readonly showSecrets?: boolean },
): Promise<number> {
  if (flags.stack !== LOCAL_STACK) {
    const words = [...(flags.json ? ["--json"] : []), ...(flags.showSecrets ? ["--show-secrets"] : [])];
    return real(project, flags, ...words);
  }
  const values = (await configValues(localRun(project, 0))).map(({ key, value, secret }) => ({
    key,
    secret,
    shown: secret && !flags.showSecrets ? undefined : value,
  }));
  if (flags.json) {
    printJson(Object.fromEntries(values.map(({ key, shown, secret }) => [key, { value: shown, secret }])));
    return 0;
  }
  const own = `${projectName(project)}:`;
  const listed = values.map(({ key, shown = "[secret]" }) => ({
    key: key.startsWith(own) ? key.slice(own.length) : key,
    shown,
  }));
  const width = Math.max(...listed.map(({ key }) => key.length), "KEY".length);
  const rows = listed
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, shown }) => `${key.padEnd(width)}  ${shown}`);
  process.stdout.write(`${[`${"KEY".padEnd(width)}  VALUE`, ...rows].join("\n")}\n`);
  return 0;
}

/** `config set`: with `--secret` the value is encrypted in the stack's file. */
export async function setConfigValue(
  project: Project,
  key: string,
  value: string,
  flags: ConfigFlags & { readonly secret?: boolean },
): Promise<number> {
  // Without the mark of the end of options a value that begins with a dash would be taken for one.
  if (flags.stack !== LOCAL_STACK) {
    const words = [
      "config",
      "set",
      ...(flags.secret ? ["--secret"] : []),
      "--stack",
      flags.stack,
      "--",
      key,
      value,
    ];
    return passToPulumi(project, words);
  }
  await setConfig(localRun(project, 0), key, value, { secret: flags.secret === true });
  return 0;
}

/** `config get`: one value, in the clear even if it is a secret. */
export async function getConfigValue(
  project: Project,
  key: string,
  flags: ConfigFlags & { readonly json?: boolean },
): Promise<number> {
  if (flags.stack !== LOCAL_STACK) return real(project, flags, "get", key, ...(flags.json ? ["--json"] : []));
  const { value, secret } = await getConfig(localRun(project, 0), key);
  if (flags.json) printJson({ value, secret });
  else process.stdout.write(`${value}\n`);
  return 0;
}

/** `config rm`. */
export async function removeConfigValue(project: Project, key: string, flags: ConfigFlags): Promise<number> {
  if (flags.stack !== LOCAL_STACK) return real(project, flags, "rm", key);
  await removeConfig(localRun(project, 0), key);
  return 0;
}
