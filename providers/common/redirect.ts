import { printable } from "./printable.ts";

const LONGEST = 200;

/** Return where an answer redirects to, as the end of a sentence about its status; "" for any other answer. */
export function redirectText(status: number, location: unknown): string {
  if (status < 300 || status >= 400 || typeof location !== "string" || location === "") return "";
  return `, a redirect to ${printable(withoutSecrets(location)).slice(0, LONGEST)}, which is not followed`;
}

/** Without what may be a key: user, password and query. */
function withoutSecrets(location: string): string {
  const [path = ""] = location.split(/[?#]/);
  return path.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@]*@/i, "$1//");
}
