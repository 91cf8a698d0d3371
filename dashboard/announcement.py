"""The announcement of the day: set by a supervisor, kept in our database, said by the dialog after the greeting.

The dialog reads it from Redis, which keeps nothing on disk; so the database is what counts, and Redis gets it
again every few seconds: at our start, and when Redis came back without a memory.
"""

from __future__ import annotations

import asyncio
import math
import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.logs import get_logger
from dashboard.history import utc
from dashboard.tables import AnnouncementRow

log = get_logger(__name__)

KEY = "vyzov:announcement"
MOST = 300
"""Characters: about 25 s of speech, as long as a caller may be kept from the first question."""
LONGEST = timedelta(days=31)
MIRROR_SECONDS = 5.0
"""How long a Redis that came back may lack the announcement."""
REDIS_SECONDS = 1.0
"""For Redis to take it; its client alone would try for 5 s, longer than a page may take."""

_PLAIN = re.compile(r"[А-Яа-яЁё0-9 .,:;!?()«»\"№%/+\-–—]*")
_WORD = re.compile(r"[А-Яа-яЁё]{3}")


class NewAnnouncement(BaseModel):
    """What a supervisor sets. An empty text takes the announcement away; without `until` it holds today."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=10 * MOST)]
    until: AwareDatetime | None = None


class Announcement(BaseModel):
    """The announcement that holds; `text` empty and all else null when there is none."""

    text: str = ""
    until: datetime | None = None
    set_at: datetime | None = None
    set_by: str | None = None
    mirrored: bool = Field(False, description="Redis has it: callers hear it")


class Announcements:
    """Sets, shows and mirrors it. One instance a process."""

    def __init__(self, engine: Engine, redis: Redis, zone: ZoneInfo) -> None:
        self._engine = engine
        self._redis = redis
        self._zone = zone
        self._mirroring = asyncio.Lock()
        """So that an older text never overtakes a newer one on its way to Redis."""

    async def put(self, new: NewAnnouncement, by: str) -> Announcement:
        """Set it. Raises BadInput with a code of the table `announcement` in words.yml."""
        now = datetime.now(UTC)
        text = speakable(new.text)
        until = new.until.astimezone(UTC) if new.until is not None else end_of_day(now, self._zone)
        if text and until <= now:
            raise BadInput("until: has passed", code="too_early")
        if until > now + LONGEST:
            raise BadInput(f"until: at most {LONGEST.days} days ahead", code="too_late")
        row = AnnouncementRow(text=text, until=until, set_at=now, set_by=by)
        await asyncio.to_thread(self._write, row)
        return await self.mirrored()

    async def mirrored(self) -> Announcement:
        """The one that holds, after a try to bring it to Redis; `mirrored` says whether that was possible."""
        async with self._mirroring:
            now = datetime.now(UTC)
            holds = await asyncio.to_thread(self._read, now)
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    if holds.until is None:
                        await self._redis.delete(KEY)
                    else:
                        seconds = max(1, math.ceil((holds.until - now).total_seconds()))
                        await self._redis.set(KEY, holds.text, ex=seconds)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("announcement_waits_for_redis", error=type(error).__name__)
                return holds
            return holds.model_copy(update={"mirrored": bool(holds.text)})

    async def run(self) -> None:
        """Mirror for ever."""
        while True:
            try:
                await self.mirrored()
            except SQLAlchemyError as error:
                log.warning("announcement_waits_for_database", error=type(error).__name__)
            await asyncio.sleep(MIRROR_SECONDS)

    def _write(self, row: AnnouncementRow) -> None:
        with Session(self._engine) as session, session.begin():
            session.add(row)

    def _read(self, now: datetime) -> Announcement:
        with Session(self._engine) as session:
            row = session.scalar(select(AnnouncementRow).order_by(AnnouncementRow.id.desc()).limit(1))
            if row is None or not row.text or utc(row.until) <= now:
                return Announcement()
            return Announcement(text=row.text, until=utc(row.until), set_at=utc(row.set_at), set_by=row.set_by)


def speakable(text: str) -> str:
    """The text in one line. Raises BadInput when it is too long or nothing that the voice could say in Russian."""
    text = " ".join(text.split())
    if len(text) > MOST:
        raise BadInput(f"text: at most {MOST} characters", code="too_long")
    if text and not (_PLAIN.fullmatch(text) and _WORD.search(text)):
        raise BadInput("text: plain Russian words, digits and punctuation", code="not_russian")
    return text


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next local midnight after `now`, in UTC."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
