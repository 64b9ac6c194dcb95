import type { ComponentChildren, JSX } from "preact";
import { lengthOf } from "../texts.ts";

/** What a control needs so that its hint and its problem are read out with it. */
export interface ControlProps {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": "true" | undefined;
}

export interface FieldProps {
  readonly id: string;
  readonly label: ComponentChildren;
  readonly optional?: boolean;
  readonly hint?: ComponentChildren;
  readonly problem?: string | undefined;
  /** What stands at the right below: a count of characters. */
  readonly aside?: ComponentChildren;
  readonly children: (control: ControlProps) => ComponentChildren;
}

/** A control with its label, hint and problem. */
export function Field({ id, label, optional, hint, problem, aside, children }: FieldProps): JSX.Element {
  const described = [hint === undefined ? "" : `${id}-hint`, problem === undefined ? "" : `${id}-problem`];
  return (
    <div class="field" data-invalid={problem === undefined ? undefined : ""}>
      <label for={id}>
        {label}
        {optional ? <span class="quiet"> (optional)</span> : null}
      </label>
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children({
        id,
        "aria-describedby": described.filter(Boolean).join(" ") || undefined,
        "aria-invalid": problem === undefined ? undefined : "true",
      })}
      <div class="field-foot">
        {problem === undefined ? null : (
          <p class="problem" id={`${id}-problem`}>
            {problem}
          </p>
        )}
        {aside === undefined ? null : <span class="aside">{aside}</span>}
      </div>
    </div>
  );
}

export interface TextFieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  /** Most characters. */
  readonly most: number | undefined;
  readonly rows?: number;
  readonly optional?: boolean;
  readonly problem?: string | undefined;
  readonly onInput: (value: string) => void;
}

/** A text with a limit, which is told once it comes near. */
export function TextField({
  id,
  label,
  hint,
  value,
  most,
  rows,
  optional,
  problem,
  onInput,
}: TextFieldProps): JSX.Element {
  const length = lengthOf(value);
  const aside = most !== undefined && length > most * 0.8 ? `${length} of ${most} characters` : undefined;
  return (
    <Field id={id} label={label} optional={optional ?? false} hint={hint} problem={problem} aside={aside}>
      {(control) =>
        rows === undefined ? (
          <input
            {...control}
            type="text"
            dir="auto"
            autocomplete="off"
            value={value}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...control}
            dir="auto"
            rows={rows}
            value={value}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}
