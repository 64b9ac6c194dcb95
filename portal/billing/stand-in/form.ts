/** A form as Stripe's API takes it, with its brackets resolved: `line_items[0][price]=x` is `{ line_items: { 0: { price: "x" } } }`. */
export interface Form {
  [name: string]: string | Form;
}

export function parseForm(text: string): Form {
  const form: Form = Object.create(null) as Form;
  for (const [name, value] of new URLSearchParams(text)) {
    const [first = "", ...rest] = name.split("[").map((part) => part.replace(/\]$/, ""));
    put(form, [first, ...rest], value);
  }
  return form;
}

function put(form: Form, [name = "", ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    form[name] = value;
    return;
  }
  const inner = form[name];
  const next = typeof inner === "object" ? inner : (Object.create(null) as Form);
  form[name] = next;
  put(next, rest, value);
}
