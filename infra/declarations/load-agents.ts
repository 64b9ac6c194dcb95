import { posix, resolve } from "node:path";
import { foldersOfStacks } from "./agents-folder.ts";
import { type Agent, type WalletType, codeFolders } from "./agent.ts";
import { type AssetOverrides, assetTable } from "./schema/assets.ts";
import { type Complaint, DeclarationError, byText, sortComplaints } from "./load/complaint.ts";
import { type Candidate, checkDuplicates } from "./duplicates.ts";
import { inOneForm } from "./load/crew-forms.ts";
import { type Located, complainTo, keyOf, mapOf, toPlain } from "./load/located.ts";
import { variantsOf } from "./load/overrides.ts";
import { type ParsedFile, parseDeclaration } from "./load/parse.ts";
import { type SourceFile, complainOfFolders, readDeclarations, takeDeclarations } from "./load/read.ts";
import { ignoredByGit } from "./load/repository.ts";
import { checkPackages, checkWheels, packagesReader } from "./packages/check.ts";
import { type AuthorRules, checkPolicy } from "./policy/check.ts";
import { type StackContext, checkParts, resolveAgent } from "./resolve.ts";
import type { X402Settings } from "./schema/x402.ts";
import type { SharedRules } from "./shared.ts";
import { type Declaration, declarationSchema } from "./schema/schema.ts";
import type { StackKeys } from "../hosting/agent-keys.ts";
import { placeOf } from "../hosting/traits.ts";
import { validate, validatePlacement } from "./validate.ts";

export interface LoadOptions extends AuthorRules {
  /** masumi:agents: the folder of declarations, absolute or relative to the project's root. */
  readonly folder: string;
  /** Declarations that are to be judged instead of those in the folder. */
  readonly given?: readonly SourceFile[] | undefined;
  /** masumi:shared */
  readonly shared?: SharedRules | undefined;
  /** masumi:documents, if that is a bucket: where documents are stored, also those that are too large for an image. */
  readonly documents?: unknown;
  /** masumi:documents, if that is a folder of this machine: where documents are stored. */
  readonly documentsFolder?: string | undefined;
  /** masumi:assets */
  readonly assets?: AssetOverrides | undefined;
  /** masumi:x402 */
  readonly x402?: X402Settings | undefined;
  /** masumi:wallets; if absent, wallets are not checked. */
  readonly wallets?: readonly { readonly vkey: string; readonly type: WalletType }[] | undefined;
  /** The names of the secrets that the stack has; if absent, what depends on them is not checked. */
  readonly secrets?: readonly string[] | undefined;
  /** Which agents have keys of their own, as far as that is known; see StackKeys. */
  readonly agentsWithKeys?: StackKeys["agentsWithKeys"];
  /** masumi:allowPrivateUrls; if absent, URLs are not checked for it. */
  readonly allowPrivateUrls?: boolean | undefined;
  /** masumi:requireEvals */
  readonly requireEvals?: boolean | undefined;
}

/** Either agents or complaints: a single complaint means no agents, so nobody mistakes a part for the whole. */
export interface LoadedAgents {
  /** The agents of the stack, sorted by id; none if there are complaints. */
  readonly agents: Agent[];
  /** Also those that complaints are about: good enough to find where they run, not to run them. */
  readonly readable: Agent[];
  /** All complaints about all files, including agents of other stacks, sorted by file and position. */
  readonly complaints: Complaint[];
}

/** Reads, checks and resolves all declarations in a folder for one stack. Reads files, and asks git what it ignores. */
export function loadAgents(options: LoadOptions): LoadedAgents {
  const { projectRoot, stack, network, hosting, assets, documents, documentsFolder } = options;
  const { wallets, secrets, agentsWithKeys, allowPrivateUrls, requireEvals } = options;
  const read = options.given
    ? takeDeclarations(options.given)
    : readDeclarations(resolve(projectRoot, options.folder), projectRoot);
  const { sources, folders, complaints } = read;
  const members: StackMember[] = [];
  const built: string[] = [];
  for (const source of sources) {
    const { parsed, complaints: findings } = parseDeclaration(source);
    complaints.push(...findings);
    if (!parsed) continue;
    built.push(...builtFolders(parsed));
    const member = examine(parsed, options, complaints);
    if (member) members.push(member);
  }
  // What another stack's agents are declared in is no mistake.
  const ofStacks = folders.length > 0 ? foldersOfStacks(projectRoot) : [];
  complainOfFolders(folders, [...built, ...ofStacks], complaints);
  checkDuplicates(members);

  const hasBucket = documents !== undefined;
  const context: StackContext = {
    projectRoot,
    stack,
    hosting,
    shared: options.shared,
    hasBucket,
    hasStore: hasBucket || documentsFolder !== undefined,
    wallets,
    keys: secrets && { secrets, agentsWithKeys },
    allowPrivateUrls,
    requireEvals,
    table: assetTable(network, assets),
    x402: options.x402,
    complaints,
  };
  const readable = members
    .flatMap(({ file, id, declaration, complain }) =>
      declaration && id !== undefined ? [resolveAgent(declaration, { id, file }, context, complain)] : [],
    )
    .toSorted((a, b) => byText(a.id, b.id));
  for (const { declaration, parts, complain } of members) {
    if (!declaration) checkParts(parts, context, complain);
  }
  complainOfIgnored(members, context);
  const packagesOf = packagesReader(projectRoot);
  for (const folder of codeFolders(readable)) {
    complaints.push(...checkPackages(packagesOf(folder), folder, options.inPipeline === true));
  }
  const inContainers = readable.filter((agent) => placeOf(agent.hosting, options) !== "process");
  for (const folder of codeFolders(inContainers)) complaints.push(...checkWheels(packagesOf(folder), folder));
  if (complaints.length > 0) return { agents: [], readable, complaints: sortComplaints(complaints) };
  return { agents: readable, readable, complaints: [] };
}

/** Like loadAgents, but throws the complaints. @throws DeclarationError with all of them */
export function loadValidAgents(options: LoadOptions): Agent[] {
  const { agents, complaints } = loadAgents(options);
  if (complaints.length > 0) throw new DeclarationError(complaints);
  return agents;
}

/** A file whose agent lives in the stack. */
interface StackMember extends Candidate {
  readonly declaration: Declaration | undefined;
}

/** Checks all variants of one file; answers the one of `stack`, if the agent lives there. */
function examine(parsed: ParsedFile, rules: AuthorRules, complaints: Complaint[]): StackMember | undefined {
  const { stack } = rules;
  const complain = complainTo(complaints, parsed);
  validatePlacement(parsed, complain);
  let member: StackMember | undefined;
  for (const variant of variantsOf(parsed, stack, complain)) {
    const { located, isWhole } = inOneForm(variant.located, complainTo(complaints, variant.located));
    const complainHere = complainTo(complaints, located);
    const { declaration, parts } = validate(located, complainHere, isWhole);
    const id = parts.id ?? idOfFile(parsed, complainHere);
    if (variant.stack !== stack) continue;
    const whole = withPlacement(variant.located, parsed);
    checkPolicy(whole, id, rules, complainTo(complaints, whole));
    member = { file: parsed.file, id, declaration, parts, complain: complainHere };
  }
  return member;
}

/** Returns the folders that `build:` names, for any stack. */
function builtFolders({ root }: ParsedFile): string[] {
  const { build, overrides } = toPlain(root) as Record<string, unknown>;
  const named = [
    build,
    ...Object.values(overrides ?? {}).map((one) => (one as { build?: unknown } | null)?.build),
  ];
  return named.filter((folder) => typeof folder === "string").map((folder) => posix.join(folder, "."));
}

/** Returns the variant with the keys that say which stacks it is for, because a policy is about all keys of a file. */
const withPlacement = (variant: Located, parsed: ParsedFile): Located => ({
  ...variant,
  root: mapOf(variant.root, [
    ...variant.root.items,
    ...parsed.root.items.filter((pair) => ["only", "overrides"].includes(keyOf(pair))),
  ]),
});

/** Returns the id that the file's name stands for; undefined if the declaration has one. */
function idOfFile(parsed: ParsedFile, complain: Candidate["complain"]): string | undefined {
  if (parsed.root.has("id")) return undefined;
  const checked = declarationSchema.shape.id.safeParse(parsed.stem);
  if (checked.success) return checked.data;
  const better = parsed.stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  complain(
    [],
    `the file's name "${parsed.stem}" cannot be the agent's id`,
    better
      ? `rename the file to ${better}.yaml, or write id: ${better}`
      : "add an id: of lower-case letters, digits and -",
  );
  return undefined;
}

const isText = (document: unknown): document is string => typeof document === "string";

/** Complains about documents that git ignores, with one call of git for all agents. */
function complainOfIgnored(all: readonly StackMember[], context: StackContext): void {
  const members = all.filter(({ declaration }) => declaration?.url === undefined);
  const paths = members.flatMap(({ declaration }) => declaration?.documents ?? []).filter(isText);
  const ignored = ignoredByGit(
    context.projectRoot,
    paths.filter((path) => !/:\/\/|\.\.|^\//.test(path)),
  );
  for (const { declaration, complain } of members) {
    for (const [index, path] of (declaration?.documents ?? []).entries()) {
      if (!isText(path) || !ignored.has(path)) continue;
      complain(
        ["documents", index],
        `"${path}" is ignored by git`,
        "clones would not have it: add it to the repository",
      );
    }
  }
}
