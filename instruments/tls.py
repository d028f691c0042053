"""Whose word is taken on who a server is."""

import ssl

import httpx


def make_tls_context() -> ssl.SSLContext:
    """Build what every client of ours verifies a server's certificate with.

    The public authorities are trusted, and those that this machine trusts: what its
    administrator added to the system, or the file and the folder that ``SSL_CERT_FILE``
    and ``SSL_CERT_DIR`` name, which OpenSSL reads by itself. An authority of the
    laboratory's own needs no setting of ours.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
