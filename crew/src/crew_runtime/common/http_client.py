"""httpx as every client here uses it: without its command line, and with the certificates that we trust.

Its command line would load rich: a tenth of the start and 3 MB for nothing.
"""

import ssl
import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # tells the import system that there is none

import httpx  # noqa: E402

__all__ = ["httpx", "no_cookies", "trusted"]


def trusted() -> ssl.SSLContext:
    """Return a TLS context that trusts the well-known authorities and those of this machine or of SSL_CERT_FILE.

    A company's own authority may be among the latter.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def no_cookies() -> CookieJar:
    """Return a jar that takes none: what one agent or job is given must not be sent for another."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
