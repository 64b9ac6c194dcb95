import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Puts a style on a text where it will be seen: on a terminal, and not with NO_COLOR. */
export type Paint = (style: Style, text: string) => string;

export const paintFor =
  (stream: NodeJS.WriteStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream });
