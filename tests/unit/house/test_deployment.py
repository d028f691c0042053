"""The compose file says what the commands take, and the dashboard what is measured."""

import json
import re
from pathlib import Path

import click
import pytest
import yaml

from service.cli import main
from service.config_names import check_names
from service.metrics import ServiceMetrics

OURS = ("api-1", "api-2", "diagnoser", "alerter", "array", "poller")


@pytest.fixture(scope="module")
def site() -> dict:
    text = (Path(__file__).parents[3] / "docker-compose.yml").read_text()
    return yaml.safe_load(text)


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_halowatch_takes(site, name):
    words = site["services"][name]["command"]
    command: click.Command = main
    with main.make_context("halowatch", list(words), resilient_parsing=True) as context:
        command = main.get_command(context, words[0])
    options = {flag for option in command.params for flag in option.opts}
    flags = {word for word in words[1:] if word.startswith("--")}
    secondary = {flag for option in command.params for flag in option.secondary_opts}
    assert flags <= options | secondary


def test_every_part_of_ours_is_held_down(site):
    for name in (*OURS, "prepare"):
        service = site["services"][name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert "USER 10001" in (Path(__file__).parents[3] / "Dockerfile").read_text()


def test_nothing_is_reached_from_outside_but_by_the_loopback(site):
    for name, service in site["services"].items():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name


def test_no_secret_stands_in_the_file(site):
    files = {secret["file"] for secret in site["secrets"].values()}
    assert all(file.startswith("./deploy/secrets/") for file in files)
    ignored = (Path(__file__).parents[3] / ".gitignore").read_text().splitlines()
    assert "deploy/secrets/" in ignored
    used = {
        name for one in site["services"].values() for name in one.get("secrets", ())
    }
    assert used == set(site["secrets"])


def test_every_file_that_is_mounted_exists(site, root):
    for service in site["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (root / source).exists(), source
            else:
                assert source in site["volumes"], source


def test_every_variable_of_the_caddyfile_is_given_and_no_mistake_elsewhere(site, root):
    text = (root / "deploy" / "Caddyfile").read_text()
    wanted = set(re.findall(r"\{\$(HALOWATCH_[A-Z]+)", text))
    # In its container it listens on what is published.
    given = set(site["services"]["caddy"]["environment"])
    assert wanted == {*given, "HALOWATCH_BIND"}
    check_names(dict.fromkeys(wanted, "1"))


def test_prometheus_looks_where_the_replicas_listen(site, root):
    text = (root / "deploy" / "prometheus.yml").read_text()
    (job,) = yaml.safe_load(text)["scrape_configs"]
    targets = job["static_configs"][0]["targets"]
    assert targets == [
        f"{name}:{service['command'][service['command'].index('--port') + 1]}"
        for name, service in site["services"].items()
        if service.get("command", [""])[0] == "serve"
    ]
    key = job["authorization"]["credentials_file"]
    assert (
        key.removeprefix("/run/secrets/") in site["services"]["prometheus"]["secrets"]
    )
    page = (root / "deploy" / "grafana" / "dashboards" / "halowatch.json").read_text()
    assert set(re.findall(r'job=\\"(\w+)\\"', page)) == {job["job_name"]}


def test_the_legend_of_a_panel_shows_what_its_query_keeps_apart(root):
    page = root / "deploy" / "grafana" / "dashboards" / "halowatch.json"
    for panel in json.loads(page.read_text())["panels"]:
        for target in panel["targets"]:
            kept = set(re.findall(r"^[a-z]+ by \((\w+)\)", target["expr"]))
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown == kept, panel["title"]


def test_the_dashboard_asks_for_series_that_exist(root):
    page = root / "deploy" / "grafana" / "dashboards" / "halowatch.json"
    panels = json.loads(page.read_text())["panels"]
    wanted = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"halowatch_[a-z0-9_]+", target["expr"])
    }
    known = {family.name for family in ServiceMetrics().registry.collect()}
    assert wanted
    for name in wanted:
        assert re.sub(r"_(total|bucket)$", "", name) in known, name
