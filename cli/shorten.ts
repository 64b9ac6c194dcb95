/** A long identifier as its first and last characters: `fa12fbf5…7e32`. */
export const shorten = (text: string, head: number, tail: number): string =>
  text.length > head + tail + 1 ? `${text.slice(0, head)}…${text.slice(-tail)}` : text;
