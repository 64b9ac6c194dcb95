"""Whose certificates are believed."""

import ssl

from crew_runtime.http_client import httpx


def trusted() -> ssl.SSLContext:
    """Believe the well-known authorities, and this machine's or SSL_CERT_FILE's: a company's own may be among those."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
