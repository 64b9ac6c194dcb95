import type { Author } from "../database/requests.ts";

/** What ends a line or a name in a commit, commands a terminal, or turns the direction of a text around. */
const UNWANTED = /[<>\p{Cc}\p{Surrogate}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const LONGEST = 100;

const plain = (text: string): string =>
  Array.from(text.replaceAll(UNWANTED, "")).slice(0, LONGEST).join("").trim();

/** Returns a user as a commit names its author: nothing in it is more than a name and an address. */
export function authorOf(user: { readonly id: string; readonly email: string | null }): Author {
  const id = plain(user.id) || "user";
  const email = plain(user.email ?? "").replaceAll(/\s/g, "");
  // Git takes no name of punctuation alone, and a commit that it refuses would be in everybody's way.
  const name = /[\p{L}\p{N}]/u.test(id) ? id : "user";
  return { name: email || name, email: email || `${id.replaceAll(/[^\w.-]/g, "-")}@users.invalid` };
}
