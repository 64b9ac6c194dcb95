import { basename } from "node:path";
import {
  type Document,
  LineCounter,
  type YAMLError,
  type YAMLMap,
  isMap,
  isScalar,
  parseAllDocuments,
  visit,
} from "yaml";
import { replaceAliases } from "./aliases.ts";
import { type Complaint, complaintAt } from "./complaint.ts";
import { type Located, keyOf, mapOf } from "./located.ts";
import type { SourceFile } from "./read.ts";

/** A declaration as a located YAML map. */
export interface ParsedFile extends Located {
  /** The file's name without its extension: the id, unless the declaration has one. */
  readonly stem: string;
}

const QUOTES = 'put text that contains { } [ ] : # or quotes into "…", or on separate lines after >-';

/** Explains the parser's findings to the author ($ is the text at that position). Others keep the parser's message. */
const FINDINGS: Record<string, [message: string, remedy: string]> = {
  TAB_AS_INDENT: ["is indented with a tab", "use spaces"],
  DUPLICATE_KEY: ['"$" is a key that this map already has', "keep one of the two"],
  BAD_INDENT: [
    "is not indented like the lines around it",
    "align what belongs together, and close every bracket",
  ],
  BLOCK_AS_IMPLICIT_KEY: ["has a second colon on its line", QUOTES],
  BAD_SCALAR_START: ['"$" begins with a character that is reserved in YAML', 'put the text into "…"'],
  MISSING_CHAR: ["is not closed", "close the quote or the bracket"],
  MULTILINE_IMPLICIT_KEY: ['"$" is not a key: its colon is missing, or a space after it', "write key: value"],
  NON_STRING_KEY: ['"$" cannot be a key', "keys are plain words"],
  TAG_RESOLVE_FAILED: ['"$" is an unknown YAML tag', "remove it"],
  RESOURCE_EXHAUSTION: ["is nested too deeply", "an agent needs only a few levels"],
  UNEXPECTED_TOKEN: ['"$" does not belong here', QUOTES],
};

/** Findings after which the file is still readable; after any other, further findings may only be its consequences. */
const HARMLESS = new Set(["DUPLICATE_KEY", "TAG_RESOLVE_FAILED"]);

function meaningOf({ code, message }: YAMLError, word: string): readonly [message: string, remedy: string] {
  if (code === "DUPLICATE_KEY" && word === "<<") return ["merges a second time", "write <<: [*one, *two]"];
  if (code === "BAD_INDENT" && message.startsWith("Flow"))
    return ["begins before a bracket above is closed", "close it"];
  return FINDINGS[code] ?? [`is not YAML (${message})`, QUOTES];
}

/** Returns the offset of the quotation that is still open at `end`. */
function openQuote(document: Document, end: number): number {
  let start = end;
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith("QUOTE") && range && range[1] >= end) start = range[0];
    },
  });
  return start;
}

/** Returns the documents of a file, without those that contain nothing: a last line `---` begins one. */
function documentsIn(text: string, lines: LineCounter): Document.Parsed[] {
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const isBlank = ({ contents, errors }: Document.Parsed) =>
    errors.length === 0 && (contents === null || (isScalar(contents) && contents.source === ""));
  return documents.filter((document) => !isBlank(document));
}

/** What a file is for: what is said of one that is something else. */
export interface Purpose {
  readonly ifEmpty: string;
  /** Of a second document in it. */
  readonly ifSeveral: string;
  /** Of a list or a text instead of a map. */
  readonly ifNoMap: readonly [message: string, remedy: string];
}

const DECLARATION: Purpose = {
  ifEmpty: "an agent needs at least a name, a description and something to run",
  ifSeveral: "each file declares one agent: move it to a separate file",
  ifNoMap: ["is not an agent", "write a map of keys: name: …, description: …"],
};

/** Parses a file into a map with positions, or returns what is wrong with its YAML. */
export function parseDeclaration(source: SourceFile): { parsed?: ParsedFile; complaints: Complaint[] } {
  const { located, complaints } = parseMap(source, DECLARATION);
  if (!located) return { complaints };
  const stem = basename(source.file).replace(/\.ya?ml$/, "");
  const parsed = { ...located, stem, root: withoutExtensions(located.root), source: located.root };
  return { parsed, complaints };
}

/** Parses a file that is one map. */
export function parseMap(
  source: SourceFile,
  purpose: Purpose,
): { located?: Located; complaints: Complaint[] } {
  const lines = new LineCounter();
  const [document, second] = documentsIn(source.text, lines);
  const complaints: Complaint[] = [];
  const complain = (offset: number, message: string, remedy: string) => {
    const { line, col } = lines.linePos(Math.min(offset, Math.max(0, source.text.trimEnd().length)));
    complaints.push(complaintAt({ file: source.file, line, column: col }, message, remedy));
  };

  if (!document) {
    complain(0, "is empty", purpose.ifEmpty);
    return { complaints };
  }
  const findings = [...document.errors, ...document.warnings];
  const fatal = findings.find(({ code }) => !HARMLESS.has(code));
  for (const finding of fatal ? [fatal] : findings) {
    const offset = finding.code === "MISSING_CHAR" ? openQuote(document, finding.pos[0]) : finding.pos[0];
    const word = /^[^\s:]{0,30}/.exec(source.text.slice(offset))?.[0] || "it";
    const [message, remedy] = meaningOf(finding, word);
    complain(
      offset,
      message.replace("$", () => word),
      remedy,
    );
  }
  if (fatal) return { complaints };
  if (second) {
    complain(second.range[0], "a second document begins here", purpose.ifSeveral);
    return { complaints };
  }

  const root = document.contents;
  const refused = replaceAliases(document);
  if (refused) {
    complain(refused.offset, refused.message, refused.remedy);
    return { complaints };
  }
  if (!isMap(root)) {
    complain(root?.range[0] ?? 0, ...purpose.ifNoMap);
    return { complaints };
  }
  return { located: { file: source.file, lines, root }, complaints };
}

/** Returns a map without its `x-` keys, which hold what is used elsewhere by an alias. */
const withoutExtensions = (root: YAMLMap): YAMLMap =>
  mapOf(
    root,
    root.items.filter((pair) => !keyOf(pair).startsWith("x-")),
  );
