/** What a reader sees of texts in Markdown that are shown as they are: our elements are gone, entities are signs again. */
export const asShown = (markdown: string): string =>
  markdown
    .replaceAll(/<\/?(code|pre)>/g, "")
    .replaceAll("<br>", "\n")
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
