/*
 * What can be seen in a Python file without running it, and without Python. Comments and the contents of strings are blanked, so
 * that the patterns below see code alone; every offset stays that of the file.
 */

/** A file in Python. */
export interface PythonSource {
  /** Relative to the build folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with blanks for comments and for the contents of strings. */
  readonly code: string;
}

/** A class at the top level of a file. */
export interface PythonClass {
  readonly name: string;
  readonly offset: number;
  /** The names of its decorators, without arguments. */
  readonly decorators: readonly string[];
  /** What it inherits from, without type arguments. */
  readonly bases: readonly string[];
  /** Where its body begins and ends. */
  readonly body: { readonly start: number; readonly end: number };
}

/** A name that a file imports: `from module import name as alias`. */
export interface PythonImport {
  /** As written, with its leading dots. */
  readonly module: string;
  /** Undefined for `import module`. */
  readonly name?: string;
  /** What it is called in this file. */
  readonly alias: string;
}

export const pythonSource = (path: string, text: string): PythonSource => ({
  path,
  text,
  code: blanked(text),
});

/** A comment, or a string: its prefix and quotes are kept, its content is not. */
const COMMENT_OR_STRING =
  /#[^\n]*|("""|''')(?:[^\\"']+|\\[\s\S]|(?!\1)["'])*(?:\1|$)|(["'])(?:[^\\\n"']+|\\[\s\S]|(?!\2)["'])*(?:\2|(?=\n)|$)/g;

const blanked = (text: string): string =>
  text.replaceAll(COMMENT_OR_STRING, (found, triple?: string, single?: string) => {
    const quote = triple ?? single ?? "";
    if (quote === "" || found.length < 2 * quote.length) return found.replaceAll(/[^\n]/g, " ");
    const inner = found.slice(quote.length, -quote.length);
    return quote + inner.replaceAll(/[^\n]/g, " ") + quote;
  });

const CLASS = /^((?:@[^\n]*\n(?:[ \t)\]}][^\n]*\n|\n)*)*)class[ \t]+(\w+)[ \t]*(?:\(([^:]*)\))?[ \t]*:/gm;

/** Returns the classes at the top level. */
export function classesOf({ code }: PythonSource): PythonClass[] {
  return [...code.matchAll(CLASS)].map((found) => {
    const [whole, decorators = "", name = "", bases = ""] = found;
    const start = found.index + whole.length;
    return {
      name,
      offset: found.index + decorators.length,
      decorators: [...decorators.matchAll(/^@[ \t]*([\w.]+)/gm)].map(([, decorator = ""]) => decorator),
      bases: outsideBrackets(bases),
      body: { start, end: start + blockLength(code.slice(start)) },
    };
  });
}

/** Returns the parts of `A, B[X, Y], metaclass=M` that are names: A and B. */
function outsideBrackets(list: string): string[] {
  let plain = list;
  for (let before = ""; before !== plain;) {
    before = plain;
    plain = plain.replaceAll(/\[[^[\]]*\]|\([^()]*\)/g, "");
  }
  return plain
    .split(",")
    .map((part) => part.trim())
    .filter((part) => /^[\w.]+$/.test(part));
}

/** Returns how long an indented block is: until the next line that has something at its beginning. */
function blockLength(code: string): number {
  const next = /\n(?=[^\s)\]}])/.exec(code);
  return next ? next.index + 1 : code.length;
}

/** Returns where a name is given a value at the top level, by `def` or `=`; undefined if it is not. */
export function definedAt({ code }: PythonSource, name: string): number | undefined {
  const found = new RegExp(
    String.raw`^(?:async[ \t]+)?def[ \t]+${name}\b|^${name}[ \t]*(?::[^=\n]*)?=(?!=)`,
    "m",
  ).exec(code);
  return found?.index;
}

const FROM = /^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n;]*)/gm;
const IMPORT = /^[ \t]*import[ \t]+([\w., \t]+)/gm;

/** Returns what a file imports, wherever in the file. */
export function importsOf({ code }: PythonSource): PythonImport[] {
  const joined = code.replaceAll(/\\\r?\n/g, "  ");
  const named = [...joined.matchAll(FROM)].flatMap(([, module = "", names = ""]) =>
    importedNames(names).map(([name, alias]) => ({ module, name, alias })),
  );
  const whole = [...joined.matchAll(IMPORT)].flatMap(([, modules = ""]) =>
    importedNames(modules).map(([module, alias]) => ({ module, alias })),
  );
  return [...named, ...whole];
}

const importedNames = (list: string): [name: string, alias: string][] =>
  list
    .replaceAll(/[()]/g, " ")
    .split(",")
    .map((part): [string, string] => {
      const [name = "", as, alias] = part.trim().split(/\s+/);
      return [name, as === "as" && alias !== undefined ? alias : name];
    })
    .filter(([name]) => name !== "");

/** Returns the line and column of an offset, from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Returns whether a file makes one of a class, or of a class that extends it. */
export const isMadeIn = (source: PythonSource, name: string): boolean =>
  classesOf(source).some(({ bases }) => bases.includes(name)) ||
  new RegExp(String.raw`(?<!\bclass[ \t]+)\b${name}[ \t]*\(`).test(source.code);

/** Returns whether a word stands anywhere in a file, in its strings and comments too. */
export const mentions = ({ text }: PythonSource, word: string): boolean =>
  text.split(/[^\w-]+/).includes(word);
