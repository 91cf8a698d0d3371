"""The script as a clinic's staff writes it (`dialog/script/*.yml`), checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.words import EXPECTS, SLOTS
from dialog.conversation.plan import CONDITIONS
from dialog.phrases import Phrases
from dialog.reader import SCRIPT_DIR, Reader, ScriptError
from dialog.urgent import PATH as URGENT_PATH
from dialog.urgent import UrgentWords, WordingError

ON_FAILURE = ("skip", "operator", "parts")
_VALUE = frozenset({"value"})


@dataclass(frozen=True)
class Question:
    """One question; `script/questions.yml` explains every field. `wordings`: first, again, last."""

    slot: str
    expects: str
    wordings: tuple[str, str, str]
    check: str
    accept: float
    ask_back: float
    on_failure: str
    when: str = "always"
    tries: int = 0
    """Failed answers before `on_failure`; 0: the policy's limit."""
    enabled: bool = True
    candidates: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SignGroup:
    """A few signs of danger for one age, asked together; `signs` one by one when the answer was not plain."""

    youngest: int
    oldest: int
    ask: str
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    failures: int
    silences: int
    corrections: int
    turns: int


@dataclass(frozen=True)
class UrgencyRule:
    age_under: float
    temperature_from: float | None


@dataclass(frozen=True)
class Policy:
    accept: float
    ask_back: float
    limits: Limits
    intent: float
    intent_over_free: float
    urgency: tuple[UrgencyRule, ...]

    def is_urgent(self, age: float | None, temperature: float | None) -> bool:
        """Whether the visit is urgent by the region's table; an unknown age or temperature fits no rule."""
        return age is not None and any(
            age < rule.age_under
            and (rule.temperature_from is None or (temperature is not None and temperature >= rule.temperature_from))
            for rule in self.urgency
        )


@dataclass(frozen=True)
class Script:
    questions: Mapping[str, Question]
    phrases: Phrases
    groups: tuple[SignGroup, ...]
    answers: Mapping[str, str]
    rejections: Mapping[str, str]
    """Why a clinic refused, in words for the caller, by the connector's reason; `other` for the rest."""
    policy: Policy
    urgent: UrgentWords

    def groups_for(self, years: float) -> list[SignGroup]:
        return [group for group in self.groups if group.youngest <= int(years) <= group.oldest]

    def fixed_prompts(self) -> list[str]:
        """All texts that are always the same, for synthesis ahead of time."""
        texts = [*self.phrases.fixed(), *self.answers.values()]
        for question in self.questions.values():
            if question.enabled:
                texts += question.wordings
        for group in self.groups:
            texts += [group.ask, *group.signs]
        return [text for text in dict.fromkeys(texts) if text]


def load_script(folder: Path = SCRIPT_DIR, region_dir: Path | None = None) -> Script:
    """The script of `folder`, with what the region's own `script.yml` changes. Raises ScriptError."""
    policy, ask_defaults = _policy(Reader.open(folder / "policy.yml"))
    questions = _questions(Reader.open(folder / "questions.yml"), ask_defaults)
    if region_dir is not None and (region_dir / "script.yml").exists():
        questions = _region(Reader.open(region_dir / "script.yml"), questions)
    try:
        urgent = UrgentWords(folder / URGENT_PATH.name)
    except WordingError as error:
        raise ScriptError(str(error)) from None
    return Script(
        questions=questions,
        phrases=Phrases.load(folder),
        groups=_groups(Reader.open(folder / "red_flags.yml")),
        answers=_texts(Reader.open(folder / "answers.yml")),
        rejections=_rejections(Reader.open(folder / "rejections.yml")),
        policy=policy,
        urgent=urgent,
    )


def _policy(reader: Reader) -> tuple[Policy, tuple[float, float]]:
    defaults = (reader.number("accept", 0.5, 1), reader.number("ask_back", 0, 1))
    if defaults[1] > defaults[0]:
        raise reader.fail("ask_back", "must not be above accept")
    limits = reader.inner("limits")
    urgency = reader.inner("urgency")
    urgency.text("source")
    urgency.optional_text("approved_by")
    rules = []
    for rule in urgency.items("rules"):
        temperature = rule.number("temperature_from", 30, 43) if rule.has("temperature_from") else None
        rules.append(UrgencyRule(rule.number("age_under", 0, 131), temperature))
        rule.done()
    policy = Policy(
        accept=defaults[0],
        ask_back=defaults[1],
        limits=Limits(**{name: int(limits.number(name, 1, 200)) for name in Limits.__annotations__}),
        intent=reader.number("intent", 0, 1),
        intent_over_free=reader.number("intent_over_free", 0, 1),
        urgency=tuple(rules),
    )
    for part in (limits, urgency, reader):
        part.done()
    return policy, defaults


def _questions(reader: Reader, defaults: tuple[float, float]) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for entry in reader.items("questions"):
        question = _question(entry, defaults)
        if question.slot in questions:
            raise entry.fail("slot", f"{question.slot} is asked for twice")
        questions[question.slot] = question
    reader.done()
    missing = {"opening", "who", "age", "red_flags", "symptoms", "name", "surname", "first_name", "patronymic",
               "birth_date", "address", "town", "street", "house", "flat", "this_phone", "phone", "confirm",
               "more"} - set(questions)  # fmt: skip
    if missing:
        raise ScriptError(f"questions.yml: questions are missing for: {', '.join(sorted(missing))}")
    order = list(questions)
    if not order.index("red_flags") < order.index("name"):
        raise ScriptError("questions.yml: red_flags must be asked before personal data")
    return questions


def _question(entry: Reader, defaults: tuple[float, float]) -> Question:
    slot = entry.one_of("slot", ("opening", *SLOTS))
    composed = slot in ("red_flags", "confirm")
    first, again, last = (entry.text(key) for key in ("first", "again", "last"))
    if not composed and not (first and again and last):
        raise entry.fail("first", "first, again and last must be texts")
    accept = entry.number("accept", 0, 1, defaults[0])
    ask_back = entry.number("ask_back", 0, 1, min(defaults[1], accept))
    if ask_back > accept:
        raise entry.fail("ask_back", "must not be above accept")
    choices: dict[str, tuple[str, ...]] = {}
    if entry.has("choices"):
        inner = entry.inner("choices")
        choices = {key: inner.texts(key) for key in inner.keys()}  # noqa: SIM118 - Reader is no mapping
    question = Question(
        slot=slot,
        expects=entry.one_of("expects", EXPECTS),
        wordings=(first, again, last),
        check=entry.text("check", "", fields=_VALUE),
        accept=accept,
        ask_back=ask_back,
        on_failure=entry.one_of("on_failure", ON_FAILURE),
        when=entry.one_of("when", CONDITIONS, "always"),
        tries=int(entry.number("tries", 0, 10, 0)),
        enabled=entry.flag("enabled", True),
        candidates=entry.texts("candidates", []),
        choices=choices,
    )
    entry.done()
    return question


def _region(reader: Reader, questions: dict[str, Question]) -> dict[str, Question]:
    """A region's `script.yml`: `questions: {entrance: {enabled: true, first: …}}`."""
    changed = dict(questions)
    inner = reader.inner("questions")
    for slot in inner.keys():  # noqa: SIM118 - Reader is no mapping
        if slot not in changed:
            raise inner.fail(slot, "no such question")
        entry = inner.inner(slot)
        old = changed[slot]
        first, again, last = (
            entry.text(key, text) for key, text in zip(("first", "again", "last"), old.wordings, strict=True)
        )
        changed[slot] = replace(old, enabled=entry.flag("enabled", old.enabled), wordings=(first, again, last))
        entry.done()
    reader.done()
    return changed


def _groups(reader: Reader) -> tuple[SignGroup, ...]:
    for key in ("version", "source"):
        reader.text(key)
    reader.optional_text("approved_by")
    groups = []
    for entry in reader.items("groups"):
        ages = _ages(entry)
        signs = entry.texts("signs")
        if not 1 <= len(signs) <= 4:
            raise entry.fail("signs", "one to four signs, more cannot be kept in mind")
        groups.append(SignGroup(ages[0], ages[1], entry.text("ask"), signs))
        entry.done()
    reader.done()
    for age in range(131):
        if not any(group.youngest <= age <= group.oldest for group in groups):
            raise ScriptError(f"red_flags.yml: nobody asks for signs of danger at the age of {age}")
    return tuple(groups)


def _ages(entry: Reader) -> tuple[int, int]:
    ages: Any = entry.raw("ages")
    if not (isinstance(ages, list) and len(ages) == 2 and all(isinstance(age, int) for age in ages)):
        raise entry.fail("ages", "must be two whole numbers, youngest and oldest")
    return ages[0], ages[1]


def _texts(reader: Reader) -> dict[str, str]:
    return {key: reader.text(key) for key in reader.keys()}  # noqa: SIM118 - Reader is no mapping


def _rejections(reader: Reader) -> dict[str, str]:
    texts = _texts(reader)
    if "other" not in texts:
        raise reader.fail("other", "is missing")
    return texts
