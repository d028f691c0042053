"""Asks an OpenID provider who a person is: code flow with PKCE, state and nonce."""

import secrets
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    InvalidTokenError,
    JoseError,
)
from joserfc.jwk import KeySet

from instruments.clock import Clock
from instruments.tls import make_tls_context
from service.access.permissions import Role
from service.config_values import IdentityProvider
from service.errors import (
    ForbiddenError,
    ProviderUnavailableError,
    UnauthenticatedError,
)
from service.operations.logging_in import Vouched

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures that are taken: by a private key, never by a shared secret or none."""

DISCOVERY_S = 600.0
"""How long the provider's own description and keys hold, in seconds."""

CALLBACK = "/login/oidc/callback"
"""Path to which the provider sends persons back."""

TIMEOUT_S = 5.0
CLOCK_TOLERANCE_S = 60

_ABOUT_CLAIMS = (ClaimError, ExpiredTokenError, InvalidTokenError)
_ROLES_BY_POWER = ("admin", "expert", "operator", "viewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What one log-in must bring back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class _Description:
    authorization_endpoint: str
    token_endpoint: str
    keys: KeySet
    until_s: float


class ProviderLink:
    """The dialogue with one identity provider.

    Parameters
    ----------
    provider
        Where it is, and what it knows this site by.
    redirect_url
        Where it sends persons back to.
    """

    def __init__(
        self, provider: IdentityProvider, redirect_url: str, clock: Clock
    ) -> None:
        self._provider = provider
        self._redirect_url = redirect_url
        self._clock = clock
        self._lock = threading.Lock()
        self._description: _Description | None = None

    def begin(self) -> tuple[str, Flow]:
        """Return the URL to send a person to, and what must come back.

        Raises
        ------
        ProviderUnavailableError
            If the provider does not answer.
        """
        description = self._describe()
        flow = Flow(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )
        url = prepare_grant_uri(
            description.authorization_endpoint,
            client_id=self._provider.client_id,
            response_type="code",
            redirect_uri=self._redirect_url,
            scope="openid profile email",
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return str(url), flow

    def finish(self, code: str, flow: Flow) -> Vouched:
        """Redeem the code that a person brought back.

        Raises
        ------
        UnauthenticatedError
            If the code or the ID token is not what it must be.
        ForbiddenError
            If the person is in none of the groups that have a role.
        ProviderUnavailableError
            If the provider does not answer.
        """
        claims = self._verify(self._redeem(code, flow), flow)
        role = self._role(claims)
        return self._vouched(claims, role)

    def _redeem(self, code: str, flow: Flow) -> str:
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=self._redirect_url,
            code=code,
            code_verifier=flow.verifier,
        )
        secret = quote(self._provider.client_secret, safe="")
        try:
            with _client() as client:
                answer = client.post(
                    self._describe().token_endpoint,
                    data=dict(parse_qsl(body)),
                    auth=(quote(self._provider.client_id, safe=""), secret),
                )
            told = answer.json()
            if 400 <= answer.status_code < 500:
                raise UnauthenticatedError(
                    f"{self._provider.issuer} refuses the log-in "
                    f"({str(told.get('error'))[:80]})"
                )
            answer.raise_for_status()
            return str(told["id_token"])
        except (httpx.HTTPError, ValueError, KeyError, AttributeError) as error:
            raise self._away(error) from None

    def _verify(self, token: str, flow: Flow) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=CLOCK_TOLERANCE_S,
            iss={"essential": True, "value": self._provider.issuer},
            aud={"essential": True, "value": self._provider.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": flow.nonce},
        )
        for is_fresh in (False, True):
            description = self._describe(afresh=is_fresh)
            try:
                found = jwt.decode(token, description.keys, algorithms=ALGORITHMS)
                registry.validate(found.claims)
            except (JoseError, ValueError) as error:
                if not is_fresh and not isinstance(error, _ABOUT_CLAIMS):
                    continue  # its keys may have been changed
                raise UnauthenticatedError(
                    f"{self._provider.issuer} vouches for nobody that we can check "
                    f"({type(error).__name__})"
                ) from None
            party = found.claims.get("azp", self._provider.client_id)
            if party != self._provider.client_id:
                raise UnauthenticatedError("the ID token was made for another site")
            return dict(found.claims)
        raise AssertionError("the loop above returns or raises")

    def _role(self, claims: dict[str, Any]) -> Role:
        held = claims.get(self._provider.role_claim) or []
        groups = {held} if isinstance(held, str) else set(map(str, held))
        roles = {role for group, role in self._provider.roles if group in groups}
        for role in _ROLES_BY_POWER:
            if role in roles:
                return Role(role)
        raise ForbiddenError(
            f"{claims.get('preferred_username') or claims['sub']} is known, but in "
            "none of the groups that have a role here; HALOWATCH_OIDC_ROLES gives roles"
        )

    def _vouched(self, claims: dict[str, Any], role: Role) -> Vouched:
        preferred = claims.get("preferred_username") or claims.get("email") or ""
        return Vouched(
            issuer=self._provider.issuer,
            subject=str(claims["sub"]),
            preferred_name=str(preferred)[:58],
            role=role,
        )

    def _describe(self, *, afresh: bool = False) -> _Description:
        with self._lock:
            known, now_s = self._description, self._clock.monotonic_s()
            if known is not None and known.until_s > now_s and not afresh:
                return known
            self._description = self._fetch(now_s)
            return self._description

    def _fetch(self, now_s: float) -> _Description:
        issuer = self._provider.issuer
        try:
            with _client() as client:
                url = f"{issuer}/.well-known/openid-configuration"
                told = client.get(url).raise_for_status().json()
                self._check_name(told["issuer"])
                places = [
                    self._same_scheme(told[name])
                    for name in (
                        "authorization_endpoint",
                        "token_endpoint",
                        "jwks_uri",
                    )
                ]
                keys = client.get(places[2]).raise_for_status().json()
                return _Description(
                    places[0],
                    places[1],
                    KeySet.import_key_set(keys),
                    now_s + DISCOVERY_S,
                )
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
            raise self._away(error) from None

    def _check_name(self, issuer: str) -> None:
        if str(issuer).rstrip("/") != self._provider.issuer:
            raise ValueError(f"it calls itself {issuer}")

    def _same_scheme(self, url: str) -> str:
        if urlsplit(url).scheme != urlsplit(self._provider.issuer).scheme:
            raise ValueError(f"it names {url}, which is not reached as it is itself")
        return url

    def _away(self, error: Exception) -> ProviderUnavailableError:
        return ProviderUnavailableError(
            f"the identity provider {self._provider.issuer} does not answer as it "
            f"should ({error or type(error).__name__})"
        )


def _client() -> httpx.Client:
    return httpx.Client(
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        verify=make_tls_context(),
    )
