"""The password of the MIS: a setting, or with the sandbox a file that both sides share."""

from __future__ import annotations

import os
import secrets

from core.settings import Settings


def mis_password(settings: Settings) -> str:
    """`VYZOV_MIS_PASSWORD`, else the content of var/mis_password, made on first use (mode 600)."""
    given = settings.mis_password.get_secret_value()
    if given:
        return given
    path = settings.var_dir / "mis_password"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        try:
            os.link(draft, path)  # whoever is first wins; the file is never seen half written
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
