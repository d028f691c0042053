"""What another site's page may not do, and what is counted."""

import pytest


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_change_anything(client, site):
    headers = {"sec-fetch-site": site}
    answer = client.put("cavities/evil", json={}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "cross_site"
    assert client.get("cavities/evil").status_code == 404
    assert client.get("cavities", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_may(client, site):
    answer = client.put("cavities/good", json={}, headers={"sec-fetch-site": site})
    assert answer.status_code == 200


def test_answers_are_counted_by_route_not_by_path(client, post, make_sweep):
    post(client, make_sweep())
    for name in ("a", "b"):
        client.get(f"sweeps/{name}")
    text = client.get("metrics").text
    counted = [
        line
        for line in text.splitlines()
        if line.startswith("halowatch_requests_total") and 'status="404"' in line
    ]
    assert 'route="post_sweeps",status="201"} 1.0' in text
    assert len(counted) == 1
    assert "{sweep_id}" in counted[0]
    assert counted[0].endswith(" 2.0")


def test_pages_that_load_foreign_scripts_are_off(client):
    for path in ("/docs", "/redoc"):
        assert client.get(client.base_url.join(path)).status_code == 404
    assert client.get(client.base_url.join("/openapi.json")).status_code == 200
