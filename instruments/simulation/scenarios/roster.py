"""The names of an array, and how a scenario may call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instruments.simulation.scenarios.loading import ScenarioFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Who is in the array, for one scenario.

    Attributes
    ----------
    file
        The scenario.
    cavities
        Their names, in the order of the array file.
    vna_of
        Cavity to its VNA.
    """

    file: ScenarioFile
    cavities: tuple[str, ...]
    vna_of: Mapping[str, str]

    @property
    def vnas(self) -> tuple[str, ...]:
        """VNAs in the order of their first cavity."""
        return tuple(dict.fromkeys(self.vna_of.values()))

    def cavity(self, called: str, path: tuple[str, ...]) -> str:
        """Return a cavity by its name or number; the path is where it is called so."""
        return self._resolved(called, self.cavities, path, "cavity", "cavities")

    def vna(self, called: str, path: tuple[str, ...]) -> str:
        """Return a VNA by its name or number; the path is where it is called so."""
        return self._resolved(called, self.vnas, path, "VNA", "VNAs")

    def on_vna(self, vna: str) -> tuple[str, ...]:
        """Return the cavities of a VNA."""
        return tuple(name for name in self.cavities if self.vna_of[name] == vna)

    def _resolved(
        self,
        called: str,
        known: Sequence[str],
        path: tuple[str, ...],
        one: str,
        many: str,
    ) -> str:
        if called in known:
            return called
        if called.startswith("#"):
            if int(called[1:]) <= len(known):
                return known[int(called[1:]) - 1]
            raise self.file.mistake(
                path, f"{called} is more than the array's {len(known)} {many}"
            )
        listed = ", ".join(known[:10])
        raise self.file.mistake(
            path, f"{called} is no {one} of the array ({listed}); name one of those"
        )


def plates_of(roster: Roster) -> dict[str, str]:
    """Return cavity to plate, for those that the scenario puts on one.

    Raises
    ------
    ScenarioError
        If a cavity is none, or on two plates.
    """
    found: dict[str, str] = {}
    for plate, called in roster.file.scenario.plates.items():
        for index, place in enumerate(called):
            path = ("plates", plate, str(index))
            cavity = roster.cavity(place, path)
            if cavity in found:
                raise roster.file.mistake(
                    path, f"{cavity} is already on plate {found[cavity]}"
                )
            found[cavity] = plate
    return found
