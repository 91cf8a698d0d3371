"""Writes a small delivery of the state address register, in the shape of its XML files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

HOUSE_TYPES = {"1": "Владение", "2": "Дом", "3": "Домовладение", "4": "Гараж", "5": "Здание", "7": "Строение"}
ADD_TYPES = {"1": "Корпус", "2": "Строение", "3": "Сооружение", "4": "Литера"}


@dataclass
class Delivery:
    """Objects and houses are added one by one; `write` makes the five files. `parent` 0 is the region's own place."""

    objects: list[dict[str, str]] = field(default_factory=list)
    houses: list[dict[str, str]] = field(default_factory=list)
    items: list[dict[str, str]] = field(default_factory=list)
    paths: dict[int, str] = field(default_factory=dict)

    def place(self, number: int, level: int, kind: str, name: str, parent: int = 0, **more: str) -> None:
        row = {"NAME": name, "TYPENAME": kind, "LEVEL": str(level), "ISACTUAL": "1", "ISACTIVE": "1"}
        self.objects.append({"OBJECTID": str(number), "OBJECTGUID": f"g-{number}", **row, **more})
        self._item(number, parent)

    def house(self, number: int, parent: int, housenum: str, **more: str) -> None:
        row = {"HOUSENUM": housenum, "HOUSETYPE": "2", "ISACTUAL": "1", "ISACTIVE": "1"}
        self.houses.append({"OBJECTID": str(number), "OBJECTGUID": f"g-{number}", **row, **more})
        self._item(number, parent)

    def plot(self, number: int, parent: int) -> None:
        """A plot of land: it stands in the hierarchy and in no file that is read."""
        self._item(number, parent)

    def _item(self, number: int, parent: int) -> None:
        path = self.paths[number] = ".".join(filter(None, (self.paths.get(parent, ""), str(number))))
        item = {"OBJECTID": str(number), "PARENTOBJID": str(parent), "ISACTIVE": "1", "PATH": path}
        self.items.append(item)

    def write(self, folder: Path, day: str = "20261102") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        types = [{"ID": number, "NAME": name, "ISACTIVE": "true"} for number, name in HOUSE_TYPES.items()]
        added = [{"ID": number, "NAME": name, "ISACTIVE": "true"} for number, name in ADD_TYPES.items()]
        for kind, root, tag, rows in (
            ("AS_ADDR_OBJ", "ADDRESSOBJECTS", "OBJECT", self.objects),
            ("AS_HOUSES", "HOUSES", "HOUSE", self.houses),
            ("AS_ADM_HIERARCHY", "ITEMS", "ITEM", self.items),
            ("AS_HOUSE_TYPES", "HOUSETYPES", "HOUSETYPE", types),
            ("AS_ADDHOUSE_TYPES", "HOUSETYPES", "HOUSETYPE", added),
        ):
            body = "".join(f"<{tag} {' '.join(f'{k}={quoteattr(v)}' for k, v in row.items())} />" for row in rows)
            text = f'<?xml version="1.0" encoding="utf-8"?><{root}>{body}</{root}>'
            (folder / f"{kind}_{day}_5b1f.XML").write_text(text, encoding="utf-8")
        return folder


def small_region() -> Delivery:
    """A district with a town, two villages of one name, a village without streets and two gardens of one town."""
    made = Delivery()
    made.place(1, 1, "обл", "Московская")
    made.place(2, 2, "р-н", "Рузский", 1)
    made.place(3, 2, "р-н", "Клинский", 1)
    made.place(10, 5, "г.", "Руза", 2)
    made.place(11, 6, "д.", "Сосновка", 2)
    made.place(12, 6, "д", "Сосновка", 3)
    made.place(13, 6, "аул", "Дальний", 3)
    made.place(20, 8, "ул.", "Горняцкая", 10)
    made.place(21, 8, "пр-кт", "Юрия Гагарина", 10)
    made.place(22, 8, "взвоз", "Крутой", 10)
    made.place(30, 7, "мкр.", "Северный", 10)
    made.place(31, 7, "снт", "Ромашка", 10)
    made.place(32, 8, "ул", "Садовая", 30)
    made.place(33, 8, "ул", "Садовая", 31)
    made.place(40, 8, "ул", "Старая", 10, ISACTUAL="0")
    made.place(41, 8, "ул", "Снятая", 10, ISACTIVE="0")
    made.place(50, 8, "ул", "Ничья", 1)
    number = 100
    for parent, houses in {
        20: ("1", "2", "3", "5"),
        32: ("7",),
        33: ("8",),
        30: ("44",),
        11: ("5", "6"),
        22: ("1",),
    }.items():
        for house in houses:
            number += 1
            made.house(number, parent, house)
    made.house(201, 20, "7а")
    made.house(202, 20, "9/2")
    made.house(203, 20, "12", ADDNUM1="3", ADDTYPE1="1")
    made.house(204, 20, "12", ADDNUM1="3", ADDTYPE1="1", ADDNUM2="1", ADDTYPE2="2")
    made.house(205, 20, "14", ADDNUM1="Б", ADDTYPE1="4")
    made.house(206, 20, "15 K1")
    made.house(207, 20, "90", ISACTUAL="0")
    made.house(208, 20, "91", ISACTIVE="0")
    made.house(209, 20, "92", HOUSETYPE="4")
    made.house(210, 20, "б/н")
    made.plot(300, 21)
    made.house(211, 300, "17")
    made.house(212, 1, "1")
    made.place(60, 6, "тер.", "Пустошь", 2, ISACTUAL="0")
    return made
