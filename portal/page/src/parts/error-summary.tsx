import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { plural } from "../texts.ts";
import type { FieldProblem } from "../wire.ts";

export interface ErrorSummaryProps {
  readonly problems: readonly FieldProblem[];
  /** Counts how often the form was sent: each time the summary takes the focus. */
  readonly attempt: number;
  /** The id of a field's control. */
  readonly idOf: (field: string) => string;
  readonly labelOf: (field: string) => string;
}

/** All problems of a form at once, each leading to its field. */
export function ErrorSummary({ problems, attempt, idOf, labelOf }: ErrorSummaryProps): JSX.Element | null {
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => summary.current?.focus(), [attempt]);
  if (problems.length === 0) return null;
  const jump = (event: Event, field: string) => {
    event.preventDefault();
    document.getElementById(idOf(field))?.focus();
  };
  return (
    <div class="error-summary" role="alert" tabIndex={-1} ref={summary}>
      <h2>{plural(problems.length, "problem")} to fix</h2>
      <ul>
        {problems.map(({ field, message }) => (
          <li key={`${field} ${message}`}>
            <a href={`#${idOf(field)}`} onClick={(event) => jump(event, field)}>
              {labelOf(field)}: {message}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

export interface Problems {
  readonly problems: readonly FieldProblem[];
  readonly attempt: number;
  /** What an attempt to send the form found. */
  found: (problems: readonly FieldProblem[]) => void;
  /** A field was changed, so what was said of it may be no longer true. */
  forget: (field: string) => void;
}

const isOf = ({ field }: FieldProblem, wanted: string): boolean => field.replace(/\[.*$/, "") === wanted;

/** The problems of a form, from one attempt to send it to the next. */
export function useProblems(): Problems {
  const [{ problems, attempt }, set] = useState<Pick<Problems, "problems" | "attempt">>({
    problems: [],
    attempt: 0,
  });
  return {
    problems,
    attempt,
    found: (next) => set((now) => ({ problems: next, attempt: now.attempt + 1 })),
    forget: (field) =>
      set((now) =>
        now.problems.some((one) => isOf(one, field))
          ? { ...now, problems: now.problems.filter((one) => !isOf(one, field)) }
          : now,
      ),
  };
}

/** Returns what to show at one field: its problems as one text; those of `docs[0]` are shown at `docs`. */
export function problemAt(problems: readonly FieldProblem[], field: string): string | undefined {
  const messages = problems.filter((problem) => isOf(problem, field)).map(({ message }) => message);
  return messages.length === 0 ? undefined : messages.join(". ");
}
