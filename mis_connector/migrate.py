"""The schema: the service brings it to the newest revision when it starts.

`python -m mis_connector.migrate REVISION` goes to a named one, for the way back (`base`: everything is dropped).
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from core import logs
from core.settings import get_settings
from mis_connector.tables import database_url, open_engine, writing

log = logs.get_logger(__name__)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Go to `revision`, up or down, in one transaction: a crash in the middle leaves the old schema."""
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    with writing(engine).begin() as connection:
        config.attributes["connection"] = connection
        current = MigrationContext.configure(connection).get_current_revision()
        wanted = scripts.get_current_head() if revision == "head" else revision
        if current == wanted:
            return
        older = {script.revision for script in scripts.iterate_revisions(current, "base")} if current else set()
        if wanted == "base" or wanted in older:
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    log.info("database_migrated", before=current, after=wanted)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mis_connector.migrate REVISION (head, base, or a name)")
    settings = get_settings()
    logs.configure("connector-migrate", settings.log_level)
    migrate(open_engine(database_url(settings.connector_database, settings.var_dir)), sys.argv[1])


if __name__ == "__main__":
    main()
