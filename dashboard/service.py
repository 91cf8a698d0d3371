"""The dashboard's process: pages, the published interface, and the writer of the history."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from core.bus import connect
from core.service import create_app, serve
from core.settings import Settings, get_settings
from mis_connector.client import ConnectorClient


def create_dashboard(settings: Settings) -> FastAPI:
    """The whole app; its background work begins with the app's lifespan."""
    # NiceGUI reads where to keep sessions when it is imported
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(settings.var_dir / "dashboard-sessions"))
    from nicegui import ui

    from dashboard.announcement import Announcements
    from dashboard.api import add_api
    from dashboard.forget import Forgetting
    from dashboard.history import History, database_url, migrate, open_engine
    from dashboard.ingest import Ingest
    from dashboard.live import Live
    from dashboard.login import Guard, session_secret
    from dashboard.pages import Sources, add_pages

    redis = connect(settings)
    engine = open_engine(database_url(settings))
    connector = ConnectorClient(settings)
    live, history = Live(), History(engine)
    announcements = Announcements(engine, redis, ZoneInfo(settings.time_zone))

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(migrate, database_url(settings))
        runs = (Ingest(redis, history, live).run(), Forgetting(redis, history).run(), announcements.run())
        work = [asyncio.create_task(run) for run in runs]
        yield
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await connector.aclose()
        await redis.aclose()
        engine.dispose()

    app = create_app("Vyzov: dashboard", lifespan=lifespan)
    add_api(app, settings, redis, connector, live, history, announcements)
    add_pages(Sources(settings, live, history, connector, announcements, Guard(settings)))
    ui.run_with(
        app,
        title="Вызов",
        language="ru",
        storage_secret=session_secret(settings),
        show_welcome_message=False,
        session_middleware_kwargs={"same_site": "strict", "max_age": 12 * 3600},
    )
    return app


if __name__ == "__main__":
    serve(create_dashboard(get_settings()), "dashboard", get_settings().dashboard_port)
