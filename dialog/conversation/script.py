"""The script as a clinic's staff writes it (`dialog/script/*.yml`), checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.words import EXPECTS, SLOTS
from dialog.conversation.corrections import Corrections
from dialog.conversation.plan import CONDITIONS
from dialog.conversation.policy import Policy, load_policy
from dialog.phrases import Phrases
from dialog.reader import SCRIPT_DIR, Reader, ScriptError
from dialog.signing import require_signed
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
class Rejection:
    """What is said when a clinic refused, and what is done: «visit», «operator» or the question asked again."""

    say: str
    then: str


@dataclass(frozen=True)
class Script:
    questions: Mapping[str, Question]
    phrases: Phrases
    groups: tuple[SignGroup, ...]
    answers: Mapping[str, str]
    rejections: Mapping[str, Rejection]
    """By the connector's reason; `other` for the rest."""
    policy: Policy
    corrections: Corrections
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


def load_script(folder: Path = SCRIPT_DIR, region_dir: Path | None = None, *, production: bool = False) -> Script:
    """The script of `folder`, with what the region's own `script.yml` changes. Raises ScriptError.

    `production` refuses medical lists that nobody signed.
    """
    region = None
    if region_dir is not None and (region_dir / "script.yml").exists():
        region = Reader.open(region_dir / "script.yml")
    policy, ask_defaults = load_policy(Reader.open(folder / "policy.yml"), region)
    questions = _questions(Reader.open(folder / "questions.yml"), ask_defaults)
    answers = _texts(Reader.open(folder / "answers.yml"))
    if region is not None:
        questions = _changed(region, questions)
        answers |= _texts(region.inner("answers")) if region.has("answers") else {}
        region.done()
    if production:
        require_signed(folder / "red_flags.yml", folder / URGENT_PATH.name)
    try:
        urgent = UrgentWords(folder / URGENT_PATH.name)
    except WordingError as error:
        raise ScriptError(str(error)) from None
    return Script(
        questions=questions,
        phrases=Phrases.load(folder),
        groups=_groups(Reader.open(folder / "red_flags.yml")),
        answers=answers,
        rejections=_rejections(Reader.open(folder / "rejections.yml"), set(questions)),
        policy=policy,
        corrections=Corrections.load(folder / "corrections.yml"),
        urgent=urgent,
    )


def _questions(reader: Reader, defaults: tuple[float, float]) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for entry in reader.items("questions"):
        question = _question(entry, defaults)
        if question.slot in questions:
            raise entry.fail("slot", f"{question.slot} is asked for twice")
        questions[question.slot] = question
    reader.done()
    missing = {"opening", "who", "adult", "age", "red_flags", "symptoms", "name", "surname", "first_name", "patronymic",
               "birth_date", "policy", "address", "town", "street", "house", "flat", "this_phone", "phone", "insist",
               "confirm", "more", "another_visit", "cancel_visit", "go_on", "done"} - set(questions)  # fmt: skip
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


def _changed(region: Reader, questions: dict[str, Question]) -> dict[str, Question]:
    """A region's `script.yml`: `questions: {entrance: {enabled: true, first: …}}`."""
    changed = dict(questions)
    if not region.has("questions"):
        return changed
    inner = region.inner("questions")
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


def _rejections(reader: Reader, slots: set[str]) -> dict[str, Rejection]:
    rejections: dict[str, Rejection] = {}
    for reason in reader.keys():  # noqa: SIM118 - Reader is no mapping
        entry = reader.inner(reason)
        rejections[reason] = Rejection(entry.text("say"), entry.one_of("then", ("visit", "operator", *sorted(slots))))
        entry.done()
    if "other" not in rejections:
        raise reader.fail("other", "is missing")
    return rejections
