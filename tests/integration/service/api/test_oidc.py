"""Log-in at an identity provider, which is run here and may lie."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from service.config import ServiceConfig
from service.config_values import ApiKeyPolicy
from service.context import make_context
from service.storage.accounts import list_accounts, set_disabled
from tests.integration.service.api.openid_provider import OpenidProvider

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tested here does not depend on the database."""

ROLES = (("shift", "operator"), ("rf", "expert"))


@pytest.fixture
def provider() -> Iterator[OpenidProvider]:
    provider = OpenidProvider("wall", "a secret: with & signs")
    provider.person = {
        "sub": "u-1",
        "preferred_username": "okafor",
        "groups": ["shift"],
    }
    yield provider
    provider.close()


@pytest.fixture
def context(config: ServiceConfig, database, judge, provider):
    del database
    config = replace(
        config,
        api_keys=ApiKeyPolicy.REQUIRED,
        oidc_issuer=provider.issuer,
        oidc_client_id=provider.client_id,
        oidc_client_secret=provider.client_secret,
        oidc_roles=ROLES,
    )
    context = make_context(config, load=lambda model: judge)
    yield context
    context.close()


@pytest.fixture
def browser(context, running) -> Iterator[httpx.Client]:
    with running(context, context.config) as client:
        root = str(client.base_url).removesuffix("/api/v1/")
        # The port is known only now; the provider sends persons back to it.
        context.provider._redirect_url = f"{root}/login/oidc/callback"
        with httpx.Client(
            base_url=root, follow_redirects=True, timeout=30.0
        ) as browser:
            yield browser


def test_a_person_of_a_known_group_gets_its_role(browser, provider, context):
    page = browser.get("/login/oidc?next=/alerts")
    assert page.status_code == 200, page.text
    assert page.url.path == "/alerts"
    assert "okafor" in page.text
    assert browser.get("/api/v1/audit").status_code == 403
    with context.database.read() as transaction:
        (account,) = list_accounts(transaction)
    assert (account.name, account.role, account.password_hash) == (
        "okafor",
        "operator",
        None,
    )
    provider.person["groups"] = ["shift", "rf"]
    browser.get("/login/oidc")
    with context.database.read() as transaction:
        assert [one.role for one in list_accounts(transaction)] == ["expert"]


def test_a_name_never_takes_over_another_account(browser, provider, context):
    browser.get("/login/oidc")
    provider.person["sub"] = "u-2"
    assert browser.get("/login/oidc").status_code == 200
    with context.database.read() as transaction:
        names = [one.name for one in list_accounts(transaction)]
    assert names == ["okafor", "okafor-2"]


def test_who_is_in_no_group_is_not_let_in(browser, provider):
    provider.person["groups"] = ["visitors"]
    answer = browser.get("/login/oidc")
    assert answer.status_code == 403
    assert "none of the groups" in answer.text
    assert browser.get("/api/v1/cavities").status_code == 401


def test_a_shut_account_stays_shut(browser, provider, context):
    browser.get("/login/oidc")
    with context.database.write() as transaction:
        set_disabled(transaction, "okafor", context.clock.now())
    assert browser.get("/login/oidc").status_code == 403


@pytest.mark.parametrize(
    "forged",
    [
        {"iss": "https://other.example"},
        {"aud": "another-site"},
        {"exp": 1},
        {"nonce": "another log-in"},
        {"azp": "another-site"},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_us_is_refused(browser, provider, forged):
    provider.forge = lambda claims: {
        name: value for name, value in {**claims, **forged}.items() if value is not None
    }
    answer = browser.get("/login/oidc")
    assert answer.status_code == 401, answer.text
    assert browser.get("/api/v1/cavities").status_code == 401


def test_a_token_signed_by_another_is_refused(browser, provider):
    provider.signing_key = provider.new_key()
    assert browser.get("/login/oidc").status_code == 401


def test_new_keys_of_the_provider_are_taken_up(browser, provider):
    assert browser.get("/login/oidc").status_code == 200
    provider.key = provider.signing_key = provider.new_key()
    assert browser.get("/login/oidc").status_code == 200


def test_a_callback_that_was_not_begun_here_is_refused(browser, provider):
    for query in (
        "",
        "?code=x&state=y",
        "?error=access_denied",
        "?state=%C3%A9&code=x",
    ):
        answer = browser.get(f"/login/oidc/callback{query}")
        assert answer.status_code == 401
    browser.cookies.set("halowatch_oidc", "00ff")
    assert browser.get("/login/oidc/callback?code=x&state=y").status_code == 401


def test_a_provider_that_is_away_is_named(browser, provider):
    provider.is_away = True
    answer = browser.get("/login/oidc")
    assert answer.status_code == 503
    assert provider.issuer in answer.text
    provider.is_away = False
    assert browser.get("/login/oidc").status_code == 200
