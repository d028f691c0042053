"""A small OpenID provider on a real port: code flow, PKCE, signed ID tokens."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet


class OpenidProvider:
    """Vouches for one person at a time; a test may make it lie.

    Attributes
    ----------
    person
        Claims about the person who logs in next.
    forge
        Changes the claims of a token before it is signed.
    """

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.key = self.new_key()
        self.signing_key = self.key
        self.person: dict[str, Any] = {}
        self.forge: Callable[[dict[str, Any]], dict[str, Any]] = dict
        self.is_away = False
        self.grants: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @staticmethod
    def new_key() -> ECKey:
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
        key.ensure_kid()
        return key

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        if self.is_away:
            return self.answer(handler, 503, {})
        if parts.path == "/realm/.well-known/openid-configuration":
            return self.answer(handler, 200, self.description())
        if parts.path == "/realm/keys":
            keys = KeySet([self.key]).as_dict(private=False)
            return self.answer(handler, 200, keys)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert parts.path == "/realm/authorize"
        assert asked["client_id"] == self.client_id
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.grants[code] = asked
        handler.send_response(302)
        query = urlencode({"code": code, "state": asked["state"]})
        handler.send_header("Location", f"{asked['redirect_uri']}?{query}")
        handler.send_header("Content-Length", "0")
        return handler.end_headers()

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        given = parse_qs(handler.rfile.read(length).decode())
        asked = {name: values[0] for name, values in given.items()}
        kind, _, proof = handler.headers["Authorization"].partition(" ")
        name, _, secret = base64.b64decode(proof).decode().partition(":")
        known = (unquote(name), unquote(secret)) == (self.client_id, self.client_secret)
        grant = self.grants.pop(asked["code"], None)
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if kind != "Basic" or not known:
            return self.answer(handler, 401, {"error": "invalid_client"})
        if (
            grant is None
            or grant["code_challenge"] != challenge
            or grant["redirect_uri"] != asked["redirect_uri"]
        ):
            return self.answer(handler, 400, {"error": "invalid_grant"})
        token = {
            "access_token": secrets.token_urlsafe(8),
            "token_type": "Bearer",
            "id_token": self.id_token(grant["nonce"]),
        }
        return self.answer(handler, 200, token)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
        }
        header = {"alg": "ES256", "kid": self.signing_key.kid}
        return jwt.encode(header, self.forge(claims), self.signing_key)

    def description(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    @staticmethod
    def answer(
        handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]
    ) -> None:
        body = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
