/** What a Dockerfile says about the image that it makes. */
export interface ImageUser {
  /** As whom it runs; undefined if the Dockerfile leaves that to its base or a variable. */
  readonly user: string | undefined;
  /** The folders that it declares as volumes itself. */
  readonly volumes: readonly string[];
}

const NOTHING: ImageUser = { user: undefined, volumes: [] };

/** Returns what a Dockerfile says about the user and the volumes of its last stage, also by way of the stages that it is built on. */
export function imageUser(dockerfile: string): ImageUser {
  const lines = dockerfile.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/);
  const stages = new Map<string, ImageUser>();
  let name = "";
  let seen = NOTHING;
  for (const line of lines) {
    const [, instruction = "", said = ""] = /^\s*(FROM|USER|VOLUME)\s+(.*?)\s*$/i.exec(line) ?? [];
    if (/^from$/i.test(instruction)) {
      const [base = "", , stage = ""] = said.replaceAll(/--\S+\s+/g, "").split(/\s+/);
      seen = stages.get(base.toLowerCase()) ?? NOTHING;
      name = stage.toLowerCase();
    }
    if (/^user$/i.test(instruction)) seen = { ...seen, user: said.includes("$") ? undefined : said };
    if (/^volume$/i.test(instruction)) seen = { ...seen, volumes: [...seen.volumes, ...foldersIn(said)] };
    if (name) stages.set(name, seen);
  }
  return seen;
}

/** Both forms: `/data /cache` and `["/data", "/cache"]`. */
const foldersIn = (said: string): string[] =>
  said.split(/[\s,[\]"]+/).flatMap((folder) => (folder === "" ? [] : [folder.replace(/(?<=.)\/+$/, "")]));

/** Whether a user, with or without a group, is root. */
export const isRoot = (user: string): boolean => /^(root|0)(:|$)/.test(user);
