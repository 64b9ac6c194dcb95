/**
 * Returns whether a URL's host name is this machine and cannot be another: `localhost`, 127.0.0.0/8, `[::1]`. A name such as
 * `127.example.com` is not.
 *
 * @param hostname as in `new URL(…).hostname`, so an IPv6 address has brackets
 */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** The same of a whole URL; what is none is not this machine. */
export const isLoopbackUrl = (url: string): boolean => URL.canParse(url) && isLoopback(new URL(url).hostname);
