"""Every route of the application has a rule, and what is new is shut."""

import pytest

from service.access.permissions import Permission, Role, Scope, permissions_of_role
from service.access.routes import Reach, find_rule
from service.config import read_config
from service.main import create_app


@pytest.fixture
def routes(tmp_path):
    app = create_app(read_config({"HALOWATCH_HOME": str(tmp_path)}))
    try:
        yield [
            (method.upper(), path)
            for path, methods in app.openapi()["paths"].items()
            for method in methods
        ]
    finally:
        app.state.context.close()


def test_only_health_is_public(routes):
    public = {path for method, path in routes if not find_rule(method, path)[0].needs}
    assert public == {"/healthz", "/readyz"}


def test_what_changes_something_is_audited_or_is_data(routes):
    data = {"/api/v1/sweeps", "/api/v1/readings", "/api/v1/diagnose"}
    for method, path in routes:
        rule, _ = find_rule(method, path)
        is_poller = method == "PUT" and "/pollers/" in path
        if method != "GET" and path not in data and not is_poller:
            assert rule.is_audited, (method, path)


def test_nobody_reads_with_a_key_for_data_alone(routes):
    for method, path in routes:
        rule, _ = find_rule(method, path)
        if method == "GET" and Permission.INGEST in rule.needs:
            assert path == "/api/v1/cavities/{cavity}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/anything"),
        ("DELETE", "/api/v1/cavities/c"),
        ("PATCH", "/api/v1/sweeps"),
        ("POST", "/"),
        ("POST", "/api/v1/sweeps/"),
        ("PROPFIND", "/api/v1/sweeps"),
        ("POST", "/static/x"),
    ],
)
def test_what_is_not_listed_is_for_administrators(method, path):
    rule, _ = find_rule(method, path)
    assert rule.needs == {Permission.ADMIN}
    assert rule.reach is Reach.ALL


@pytest.mark.parametrize(
    "path",
    ["/static/../api/v1/sweeps", "//healthz", "/healthz/x", "/api/v1/healthz/../audit"],
)
def test_no_detour_is_public_but_to_a_file(path):
    rule, _ = find_rule("GET", path)
    assert bool(rule.needs) is not path.startswith("/static/")


def test_roles_grow():
    viewer, operator, expert, admin = map(permissions_of_role, Role)
    assert viewer < operator < expert < admin
    assert admin == set(Permission)
    assert [str(scope) for scope in Scope] == ["ingest", "read", "operate", "admin"]
