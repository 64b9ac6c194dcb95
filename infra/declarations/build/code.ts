import { type EntryPoint, JSON_CREW, fileOf } from "../agent.ts";
import type { Complaint } from "../load/complaint.ts";
import { type Complain, complainTo } from "../load/located.ts";
import { checkText, checkUse, missingFieldsOnce, placeholdersIn } from "../rules/placeholders.ts";
import type { DeclaredField } from "../schema/input.ts";
import { type ConfigText, readConfig } from "./crew-config.ts";
import { checkEntry, crewClasses } from "./entry-point.ts";
import { hasCallbacks, readJsonCrew } from "./json-crew.ts";
import type { OwnFiles, ReportIn } from "./own-files.ts";
import { type PythonClass, type PythonSource, classesOf, isMadeIn, mentions } from "./python-source.ts";
import { reachableSources } from "./reachable.ts";

/** What a folder's code has to fit. */
export interface CodeContext {
  /** The declaration, relative to the project's root. */
  readonly file: string;
  readonly input: readonly DeclaredField[];
  /** The field that the price is multiplied by. */
  readonly times: string | undefined;
}

/**
 * Complains of what the crew runtime could not serve, as far as a file's text shows it: nothing is run. Each complaint is at its
 * line in its own file; `complain` is for those about the declaration.
 */
export function checkCode(
  files: OwnFiles,
  entry: EntryPoint,
  context: CodeContext,
  complain: Complain,
  complaints: Complaint[],
): void {
  if (entry.module === JSON_CREW) {
    const { texts, defaults } = readJsonCrew(files, complaints);
    const crew = { texts, defaults, sources: [], changesInputs: hasCallbacks(files) };
    return checkInputs(crew, context, { complain, complaints });
  }
  const sources = reachableSources(files, entry);
  const report = files.reportTo(complaints);
  const module = sources.find(({ path }) => path === fileOf(entry));
  if (!module) return;
  const own = new Set(files.paths.map((path) => /^(?:src\/)?([^/.]+)/.exec(path)?.[1]));
  const isOwn = (name: string) => name.startsWith(".") || own.has(name.split(".", 1)[0]);
  checkEntry(entry.kind, module, isOwn, report);
  for (const source of sources) checkKeyboard(source, report);
  // A flow's crews are all tried by the runtime.
  const isMade = ({ name }: PythonClass) =>
    entry.kind === "flow" || sources.some((source) => isMadeIn(source, name));
  const configs = sources.flatMap((source) =>
    crewClasses(source)
      .filter((found) => source === module || isMade(found))
      .map((found) => readConfig(files, source, found, complaints)),
  );
  // A flow's own code decides what it gives to its crews.
  if (entry.kind === "flow") return;
  const texts = configs.filter(({ source }) => source === module).flatMap((config) => config.texts);
  const changesInputs = sources.some((source) => mentions(source, "before_kickoff"));
  checkInputs({ texts, defaults: [], sources, changesInputs }, context, { complain, complaints });
}

/** What a project does with its inputs. */
interface InputUse {
  readonly texts: readonly ConfigText[];
  /** Names of the inputs that the project itself has a value for. */
  readonly defaults: readonly string[];
  readonly sources: readonly PythonSource[];
  /** Whether functions of the author's get the inputs before the texts do. */
  readonly changesInputs: boolean;
}

/** The runtime fills it in where no field does, because the texts of CrewAI's template have it (crewai/author/jobs.py). */
const YEAR = "current_year";

/** Complains of placeholders that nothing fills in, and of fields that no placeholder takes. */
function checkInputs(
  { texts, defaults, sources, changesInputs }: InputUse,
  { file, input, times }: CodeContext,
  { complain, complaints }: { readonly complain: Complain; readonly complaints: Complaint[] },
): void {
  const isNamed = (id: string) => sources.some((source) => mentions(source, id));
  const given = (id: string) =>
    id === YEAR || defaults.includes(id) || (changesInputs && (sources.length === 0 || isNamed(id)));
  const once = missingFieldsOnce();
  for (const { located, path, text } of texts) {
    checkText(text, path, input, once(complainTo(complaints, located)), { given, form: file });
  }
  if (texts.length === 0 || changesInputs || isNamed("inputs")) return;
  const used = new Set([times, ...texts.flatMap(({ text }) => placeholdersIn(text))]);
  checkUse(input, (id) => used.has(id) || isNamed(id), complain);
}

/** Complains of `input()` where it surely runs: in a class, or when the file is imported. */
function checkKeyboard(source: PythonSource, report: ReportIn): void {
  const classes = classesOf(source);
  for (const { index } of source.code.matchAll(/(?<![\w.])(?<!def\s+)input[ \t]*\(/g)) {
    const isInClass = classes.some(({ body }) => index >= body.start && index < body.end);
    if (!isInClass && !isTopLevel(source.code, index)) continue;
    report(
      source.path,
      index,
      "input() waits for a keyboard, which no job has",
      "ask the customer with ask_customer of crew_runtime.for_authors",
    );
  }
}

/** Returns whether a statement is run when its file is imported: it is in no function, nor for a run as a program alone. */
function isTopLevel(code: string, offset: number): boolean {
  const lines = code.slice(0, offset).split("\n");
  const block = lines.findLast((line) => /^[^\s)\]}]/.test(line)) ?? "";
  return !/^(async[ \t]+def|def|class)\b|^if\b.*__name__/.test(block);
}
