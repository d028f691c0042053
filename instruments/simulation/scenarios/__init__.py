"""Scenarios: scripts of what goes wrong in an array's life, as YAML."""

from instruments.simulation.scenarios.loading import (
    ScenarioError,
    ScenarioFile,
    find_scenario,
    load_scenario,
    parse_scenario,
    shipped_scenarios,
)
from instruments.simulation.scenarios.sections import Scenario
from instruments.simulation.scenarios.staging import stage

__all__ = [
    "Scenario",
    "ScenarioError",
    "ScenarioFile",
    "find_scenario",
    "load_scenario",
    "parse_scenario",
    "shipped_scenarios",
    "stage",
]
