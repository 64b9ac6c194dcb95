import { html, raw } from "hono/html";
import type { OpenApiDocument } from "./openapi.ts";

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code, pre { font: 0.9em ui-monospace, monospace; }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid; border-radius: 0.5rem; }
  section { border-top: 1px solid; margin-top: 2rem; }
`;

/** Returns a page that shows the API's description to people; it loads nothing from anywhere. */
export function referencePage(document: OpenApiDocument) {
  const { info, paths = {}, components = {} } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Readonly<Record<string, Operation>>).map(
      ([method, operation]) => [method.toUpperCase(), path, operation] as const,
    ),
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${info.title}: API</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${info.title}: API</h1>
        <p>${info.description} The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
        ${operations.map(([method, path, operation]) => operationSection(method, path, operation))}
        <section>
          <h2>What is sent and answered</h2>
          ${Object.entries(components.schemas ?? {}).map(
            ([name, schema]) =>
              html`<h3 id="${name}">${name}</h3>
                <pre>${JSON.stringify(schema, null, 2)}</pre>`,
          )}
        </section>
      </body>
    </html>`;
}

function operationSection(method: string, path: string, operation: Operation) {
  const { summary, parameters = [], requestBody, responses = {} } = operation;
  return html`<section>
    <h2><code>${method} ${path}</code></h2>
    <p>${summary}</p>
    ${
      parameters.length > 0
        ? html`<ul>
            ${parameters.map(
              (parameter) =>
                html`<li><code>${parameter.name}</code> (${parameter.in}) ${parameter.description}</li>`,
            )}
          </ul>`
        : ""
    }
    ${requestBody ? html`<p>Takes ${Object.keys(requestBody.content ?? {}).join(" or ")}.</p>` : ""}
    <ul>
      ${Object.entries(responses).map(
        ([status, { description }]) => html`<li><code>${status}</code> ${description}</li>`,
      )}
    </ul>
  </section>`;
}
