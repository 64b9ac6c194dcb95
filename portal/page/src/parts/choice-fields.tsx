import type { JSX } from "preact";
import { jobPriceText } from "../texts.ts";
import type { Choice, Chosen } from "../wire.ts";
import { Field } from "./field.tsx";

export interface ChoiceFieldsProps {
  readonly choices: readonly Choice[];
  /** The id of a choice's control. */
  readonly idOf: (choice: Choice) => string;
  readonly problemOf: (choice: Choice) => string | undefined;
  /** The option that is chosen now; "" for none. */
  readonly optionOf: (choice: Choice) => string;
  readonly onChange: (chosen: Chosen, choice: Choice) => void;
}

/** What a template leaves to be chosen, with what a job costs then. */
export function ChoiceFields({
  choices,
  idOf,
  problemOf,
  optionOf,
  onChange,
}: ChoiceFieldsProps): JSX.Element {
  return (
    <>
      {choices.map((choice) => {
        const option = optionOf(choice);
        const price = choice.options.find(({ name }) => name === option)?.price;
        return (
          <Field
            key={choice.id}
            id={idOf(choice)}
            label={choice.name}
            hint={choice.hint}
            problem={problemOf(choice)}
            aside={price === undefined ? undefined : jobPriceText(price)}
          >
            {(control) => (
              <select
                {...control}
                value={option}
                onChange={(event) => onChange({ [choice.id]: event.currentTarget.value }, choice)}
              >
                {option === "" ? <option value="">Choose…</option> : null}
                {choice.options.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        );
      })}
    </>
  );
}
