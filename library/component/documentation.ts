import { readFileSync } from "node:fs";
import ts from "typescript";
import { type Documentation, packageSchema } from "./schema.ts";

/*
 * In the repository alone, where the TypeScript compiler is: what the library's documentation says is said to other languages as well,
 * without being written twice.
 */

const LIBRARY = new URL("../masumi-agent.ts", import.meta.url);

/** Returns schema.json, made of what is accepted and of what the library says about it. */
export const componentSchemaJson = (): string =>
  `${JSON.stringify(packageSchema(agentDocumentation()), undefined, 2)}\n`;

function agentDocumentation(): Documentation {
  const source = ts.createSourceFile("", readFileSync(LIBRARY, "utf8"), ts.ScriptTarget.Latest, true);
  const args = source.statements.find(
    (one) => ts.isInterfaceDeclaration(one) && one.name.text === "MasumiAgentArgs",
  );
  const component = source.statements.find(
    (one) => ts.isClassDeclaration(one) && one.name?.text === "MasumiAgent",
  );
  if (!args || !ts.isInterfaceDeclaration(args) || !component || !ts.isClassDeclaration(component))
    throw new Error(`${LIBRARY.pathname} does not have the component and its arguments.`);
  return {
    component: said(component) ?? "",
    inputs: saidOf(args.members),
    outputs: saidOf(component.members.filter(ts.isPropertyDeclaration)),
  };
}

const saidOf = (members: readonly (ts.TypeElement | ts.ClassElement)[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    members.flatMap((member) => {
      const text = said(member);
      return text === undefined || !member.name ? [] : [[member.name.getText(), text]];
    }),
  );

/** Returns the comment on a declaration, with the default; examples are TypeScript. */
function said(node: ts.Node): string | undefined {
  const docs = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  const comment = oneLine(docs?.comment);
  if (comment === undefined) return undefined;
  const fallback = oneLine(docs?.tags?.find(({ tagName }) => tagName.text === "default")?.comment);
  return fallback === undefined ? comment : `${comment} Default: ${fallback}.`;
}

/** Paragraphs stay. */
const oneLine = (comment: ts.JSDoc["comment"]): string | undefined =>
  ts.getTextOfJSDocComment(comment)?.replaceAll(/(?<!\n)\n(?!\n)/g, " ");
