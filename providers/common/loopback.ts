/**
 * Returns whether a URL's host name can only be this machine: `localhost`, 127.0.0.0/8, `[::1]`, but not a name like
 * `127.example.com`.
 *
 * @param hostname as in `new URL(…).hostname`, so an IPv6 address has brackets
 */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** Returns the same for a complete URL; false if it is not a URL. */
export const isLoopbackUrl = (url: string): boolean => URL.canParse(url) && isLoopback(new URL(url).hostname);
