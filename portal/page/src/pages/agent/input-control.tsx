import type { JSX } from "preact";
import { type ControlProps, Field } from "../../parts/field.tsx";
import type { InputField } from "../../wire.ts";
import {
  type Entered,
  acceptedTypes,
  boundOf,
  choicesOf,
  dataText,
  isChoice,
  isOptional,
  isSwitch,
  labelOfField,
  textIn,
} from "./input-values.ts";

export interface InputControlProps {
  readonly id: string;
  readonly field: InputField;
  readonly value: Entered;
  readonly problem: string | undefined;
  readonly onChange: (value: Entered) => void;
}

/** MIP-003 names most of its kinds as HTML does; what this page does not know is entered as text. */
const HTML_TYPES = [
  "text",
  "search",
  "password",
  "email",
  "url",
  "tel",
  "number",
  "range",
  "date",
  "datetime-local",
  "time",
  "month",
  "week",
  "color",
] as const;
const BOUNDED = ["number", "range", "date", "datetime-local", "time", "month", "week"];

function Choices({
  field,
  value,
  control,
  onChange,
}: InputControlProps & { readonly control: ControlProps }) {
  const choices = choicesOf(field);
  if (field.type !== "multiselect") {
    return (
      <select {...control} value={textIn(value)} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">Choose…</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const turn = (choice: string, isOn: boolean) =>
    onChange(choices.filter((one) => (one === choice ? isOn : chosen.includes(one))));
  return (
    <div
      class="checks"
      role="group"
      aria-label={labelOfField(field)}
      aria-describedby={control["aria-describedby"]}
    >
      {choices.map((choice, index) => (
        <label class="check" key={choice}>
          <input
            type="checkbox"
            id={index === 0 ? control.id : undefined}
            checked={chosen.includes(choice)}
            onChange={(event) => turn(choice, event.currentTarget.checked)}
          />
          <span>{choice}</span>
        </label>
      ))}
    </div>
  );
}

function Switch({ id, field, value, problem, onChange }: InputControlProps) {
  const description = dataText(field, "description");
  return (
    <div class="field">
      <label class="check">
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          aria-describedby={description === undefined ? undefined : `${id}-hint`}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <span>{dataText(field, "label") ?? labelOfField(field)}</span>
      </label>
      {description === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {description}
        </p>
      )}
      {problem === undefined ? null : <p class="problem">{problem}</p>}
    </div>
  );
}

function Control(props: InputControlProps & { readonly control: ControlProps }) {
  const { field, value, control, onChange } = props;
  const { type } = field;
  if (isChoice(field)) return <Choices {...props} />;
  const placeholder = dataText(field, "placeholder");
  if (type === "textarea") {
    return (
      <textarea
        {...control}
        dir="auto"
        rows={4}
        placeholder={placeholder}
        value={textIn(value)}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (type === "file") {
    return (
      <input
        {...control}
        type="file"
        multiple={boundOf(field, "max") !== "1"}
        accept={acceptedTypes(field).join(",")}
        onChange={(event) => onChange([...(event.currentTarget.files ?? [])])}
      />
    );
  }
  const bounds = BOUNDED.includes(type) ? { min: boundOf(field, "min"), max: boundOf(field, "max") } : {};
  // The types of attributes are told apart by a literal type.
  const htmlType = (HTML_TYPES.find((known) => known === type) ?? "text") as "number";
  return (
    <input
      {...control}
      {...bounds}
      type={htmlType}
      dir="auto"
      step={type === "number" ? "any" : dataText(field, "step")}
      placeholder={placeholder}
      autocomplete="off"
      value={textIn(value)}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** One field of an agent's input schema. */
export function InputControl(props: InputControlProps): JSX.Element {
  const { id, field, problem } = props;
  if (isSwitch(field)) return <Switch {...props} />;
  return (
    <Field
      id={id}
      label={labelOfField(field)}
      optional={isOptional(field)}
      hint={dataText(field, "description")}
      problem={problem}
    >
      {(control) => <Control {...props} control={control} />}
    </Field>
  );
}
