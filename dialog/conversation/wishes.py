"""What a caller wants or asks instead of answering: recognised intents, and what is done about them."""

from __future__ import annotations

from dialog.conversation.booking import Booking
from dialog.conversation.emergencies import DOUBTS
from dialog.conversation.script import Script
from dialog.conversation.state import Asked, Purpose, State
from dialog.conversation.step import Advance, Ask, Doubt, Failed, GiveUp, Spoken, Step
from dialog.conversation.turn import Intent, Reply
from dialog.conversation.visits import Visits
from dialog.conversation.wording import Wording

_PURPOSES: dict[Purpose, tuple[str, ...]] = {
    "status": ("visit_status",), "cancel": ("visit_cancel",), "change": ("visit_change",),
}  # fmt: skip
"""Intents about a visit that exists already; «доктор не пришёл» goes to a person at once."""

_OPENING: dict[Purpose, tuple[str, ...]] = {
    "status": ("visit_status", "ask_when", "ask_doctor"), "cancel": ("visit_cancel", "cancel"),
    "change": ("visit_change", "correction"),
}  # fmt: skip
"""The same for the first words of a call, when nothing else can be meant: «когда придёт врач», «поменяйте адрес»."""

_LEAST = 0.3
"""Less than this for an earlier visit is what any greeting has."""

_FIRST_WORDS = ("opening", "who", "age")
"""Where a caller may still turn out to want something else than a visit."""


class Wishes:
    def __init__(self, script: Script, wording: Wording, visits: Visits, booking: Booking) -> None:
        self._script = script
        self._phrases = script.phrases
        self._wording = wording
        self._visits = visits
        self._booking = booking

    def step(self, state: State, intent: Intent, limit: float) -> Step | None:
        """What is done about the wish; None when it is none, or nothing that can be done here."""
        slot, name = state.asked.slot, intent.name
        purpose = self._purpose(state, intent)
        if purpose is not None:
            state.take("opening", True, 1.0)
            state.purpose = purpose
            return Advance()
        if slot == "done":
            limit = self._script.policy.intent  # nothing is asked that could be answered
        if intent.confidence < limit:
            return None
        if name in ("operator", "visit_missed"):
            return GiveUp("wish")
        if name == "emergency" and slot != "red_flags" and state.doubts < DOUBTS:
            if intent.confidence < self._script.policy.intent_emergency:
                return None
            return Doubt("")  # no word of the list: the classifier alone is not certain enough
        if name == "abuse":
            return self._rude(state)
        if name == "ask_policy" and slot == "policy":
            return Failed(unknown=True)
        if name == "child_alone" and "adult" not in state.taken:
            return GiveUp() if slot == "adult" else Ask("adult")
        if name == "wrong_number" and slot == "opening":
            state.resume = slot
            return Spoken(self._wording.ask(state, "go_on", text=self._phrases.wrong_number_question))
        if slot == "done":
            return self._after_the_result(state, name)
        if name == "another_patient":
            return self._another(state)
        spoken = self._spoken(state, name)
        return None if spoken is None else Spoken(spoken)

    def _purpose(self, state: State, intent: Intent) -> Purpose | None:
        """What the caller wants of a visit that exists; None for a new one, or once a new one is under way."""
        slot, limit = state.asked.slot, self._script.policy.intent
        if slot not in _FIRST_WORDS or state.booked:
            return None
        groups = _OPENING if slot == "opening" else _PURPOSES
        likely = {purpose: intent.of(*names) for purpose, names in groups.items()}
        likeliest, together = max(likely, key=likely.__getitem__), sum(likely.values())
        # a greeting in front says nothing of what is wanted
        wanted = max(together, 1 - intent.of("greet")) if together >= _LEAST else 1.0
        return likeliest if together >= limit * wanted else None

    def _spoken(self, state: State, name: str) -> Reply | None:
        """An answer after which the open question is asked again."""
        wording, phrases = self._wording, self._phrases
        if name == "repeat":
            return wording.again(state)
        if name == "slower":
            state.slow = True
            return wording.again(state, phrases.slower)
        if name == "wait":
            state.silences = -2  # patience for two more silences
            return wording.open(state, "", phrases.wait)
        if name == "refuse_recording" and not state.recording_refused:
            state.recording_refused = True
            return wording.again(state, phrases.recording_refused)
        if name in ("cancel", "goodbye", "visit_cancel"):
            return wording.closed(state, "cancel", phrases.cancel_question)
        if name in self._script.answers:
            return wording.again(state, self._script.answers[name])
        return None

    def _after_the_result(self, state: State, name: str) -> Step:
        """The house call is made: a further wish, else the end."""
        if name in ("another_patient", "request_doctor"):
            return self._another(state)
        if name in ("cancel", "visit_cancel") and state.booked:
            return Spoken(self._visits.ask_to_cancel(state, state.booked[-1]))
        if name in ("repeat", "slower", "ask_when", "visit_status", "dont_know") and state.booked:
            reply = self._wording.again(state, self._booking.number_again(state))
            reply.slow = True
            return Spoken(reply)
        if name in ("visit_change", "correction") and state.booked:
            return GiveUp("wish")
        if name == "wait":
            return Spoken(self._wording.again(state, self._phrases.wait))
        if name in self._script.answers and name != "chitchat":
            return Spoken(self._wording.again(state, self._script.answers[name]))
        return Spoken(self._wording.end(state.outcome, self._phrases.farewell))

    def _another(self, state: State) -> Step:
        """One more patient in this call: after the result at once, else when this one is done."""
        if len(state.booked) + state.others + 1 >= self._script.policy.limits.patients:
            return GiveUp("wish")
        state.others += 1
        if state.asked.slot == "done":
            state.next_patient()
            return Advance(self._phrases.next_patient)
        if state.asked.slot == "opening":
            state.take("opening", True, 1.0)
            return Advance(self._phrases.several)
        return Spoken(self._wording.again(state, self._phrases.several))

    def _rude(self, state: State) -> Step:
        """Who is angry is calmed once, then gets a person."""
        state.rude += 1
        if state.rude > 1:
            return GiveUp("wish")
        return Spoken(self._wording.again(state, self._phrases.calm))

    def cancel(self, state: State) -> Step:
        """«Ничего не надо»: nothing is written down. Who begins a call so means an earlier visit."""
        if state.asked.slot == "opening" or state.purpose in ("status", "change", "cancel"):
            state.take("opening", True, 1.0)
            state.purpose = "cancel"
            return Advance()
        if state.asked.slot == "done" and state.booked:
            return Spoken(self._visits.ask_to_cancel(state, state.booked[-1]))
        return Spoken(self._wording.end("cancelled", self._phrases.cancelled))

    def hear_cancel(self, state: State, meaning: str) -> Step:
        """The answer to «отменить вызов врача?»."""
        if meaning == "yes":
            return Spoken(self._wording.end("cancelled", self._phrases.cancelled))
        slot = state.asked.slot
        state.asked = Asked(slot)
        return Ask(slot, self._phrases.cancel_kept)
