import type { EntryPoint } from "../agent.ts";
import type { ReportIn } from "./own-files.ts";
import { type PythonClass, type PythonSource, classesOf, definedAt, importsOf } from "./python-source.ts";

/** Whether a module that a file imports is one of the folder's own. */
type IsOwn = (module: string) => boolean;

/** Returns the classes of a file that CrewAI's decorator CrewBase makes crews of. */
export const crewClasses = (source: PythonSource): PythonClass[] =>
  classesOf(source).filter(({ decorators }) => decorators.some((name) => meant(source, name) === "CrewBase"));

/**
 * Complains if a module does not have exactly one thing to run: a class under @CrewBase or a function `crew`; or a subclass of
 * Flow. What cannot be seen in its text, for example a class that it imports, is left to the runtime, which tries it.
 */
export function checkEntry(
  kind: EntryPoint["kind"],
  source: PythonSource,
  isOwn: IsOwn,
  report: ReportIn,
): void {
  if (kind === "crew") checkCrew(source, isOwn, report);
  else checkFlow(source, isOwn, report);
}

function checkCrew(source: PythonSource, isOwn: IsOwn, report: ReportIn): void {
  const classes = crewClasses(source);
  const [first, second] = classes;
  const crew = definedAt(source, "crew");
  const remedy = "keep one of them in this file";
  if (first && second) {
    report(source.path, second.offset, `${first.name} and ${second.name} are both under @CrewBase`, remedy);
  } else if (first && crew !== undefined) {
    report(source.path, crew, `${first.name} under @CrewBase and crew are both what runs`, remedy);
  } else if (first) checkMethod(source, first, report);
  else if (crew === undefined && !mayHoldMore(source, isOwn)) {
    report(
      source.path,
      0,
      "has neither a class under @CrewBase nor a function crew",
      "add one of them: it makes the crew that runs",
    );
  }
}

function checkMethod(
  source: PythonSource,
  { name, offset, bases, body }: PythonClass,
  report: ReportIn,
): void {
  if (bases.length > 0 || /\bcrew\b/.test(source.code.slice(body.start, body.end))) return;
  report(
    source.path,
    offset,
    `the class ${name} has no method crew`,
    "add one under @crew that returns the Crew",
  );
}

function checkFlow(source: PythonSource, isOwn: IsOwn, report: ReportIn): void {
  const [first, second] = classesOf(source).filter(({ bases }) =>
    bases.some((base) => meant(source, base) === "Flow"),
  );
  if (first && second) {
    const message = `${first.name} and ${second.name} are both flows`;
    report(source.path, second.offset, message, "keep one of them in this file, and import the other");
  } else if (!first && !mayHoldMore(source, isOwn)) {
    report(source.path, 0, "has no subclass of Flow", "add the flow that runs, or import it");
  }
}

/** Returns what a name stands for where it was imported from: `Base` of `from crewai.project import CrewBase as Base` is CrewBase. */
function meant(source: PythonSource, name: string): string {
  const last = name.split(".").at(-1) ?? name;
  const imported = importsOf(source).find(({ alias }) => alias === last);
  return imported?.name ?? last;
}

/** Returns whether a module may hold what its text does not show: what it imports from the folder's own files, or makes conditionally. */
const mayHoldMore = (source: PythonSource, isOwn: IsOwn): boolean =>
  importsOf(source).some(({ module }) => isOwn(module)) ||
  /^(if|try|with|for)\b(?!.*__name__)/m.test(source.code);
