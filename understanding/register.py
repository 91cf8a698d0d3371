"""The region's addresses: towns, streets and their houses, from CSV files or from a delivery of the state register.

A region's folder `gar/`, when it is there, is read instead of `towns.csv` and `streets.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from understanding.register_csv import read_csv
from understanding.register_gar import read_gar
from understanding.register_places import House, Houses, Places, Street, Town
from understanding.text import fold

__all__ = ["House", "Houses", "Register", "Street", "Town"]


@dataclass(frozen=True, slots=True)
class Register:
    """Towns and streets of a region; made by `load`, never changed after."""

    towns: tuple[Town, ...]
    streets: tuple[Street, ...]
    notes: dict[str, int] = field(default_factory=dict, repr=False)
    """What the source had that was passed over or is of an unknown kind, and how often."""
    _of_town: dict[int, tuple[Street, ...]] = field(default_factory=dict, repr=False)
    _named: dict[str, list[Town]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, region_dir: Path) -> Register:
        """The register of a region's folder. Raises ConfigurationError that names file, place and fault."""
        delivery = region_dir / "gar"
        return cls.of(read_gar(delivery) if delivery.is_dir() else read_csv(region_dir))

    @classmethod
    def of(cls, places: Places) -> Register:
        of_town: dict[int, list[Street]] = {}
        for street in places.streets:
            of_town.setdefault(street.town.town_id, []).append(street)
        named: dict[str, list[Town]] = {}
        for town in places.towns:
            named.setdefault(fold(town.name), []).append(town)
        grouped = {number: tuple(group) for number, group in of_town.items()}
        return cls(places.towns, places.streets, places.notes, grouped, named)

    @property
    def counts(self) -> dict[str, int]:
        """How many towns, streets and houses there are."""
        houses = sum(len(street.houses) for street in self.streets)
        streets = sum(bool(street.name) for street in self.streets)
        return {"towns": len(self.towns), "streets": streets, "houses": houses}

    def streets_of(self, town: Town) -> tuple[Street, ...]:
        return self._of_town.get(town.town_id, ())

    def towns_named(self, name: str) -> list[Town]:
        """Towns with exactly that name (ё as е); several when a name is used twice."""
        return list(self._named.get(fold(name.strip()), ()))

    def find(self, town: str, street: str, kind: str | None = None) -> list[Street]:
        """Streets with exactly that name in the towns of that name; all kinds when `kind` is None.

        An empty name finds the houses of a village that stand in no street.
        """
        wanted = fold(street.strip())
        return [
            one
            for place in self.towns_named(town)
            for one in self.streets_of(place)
            if fold(one.name) == wanted and kind in (None, one.kind)
        ]
