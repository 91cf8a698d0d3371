"""scripts/fetch_models: a broken download goes on, a wrong file is not taken, what cannot be reached is said."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from core.settings import get_settings
from deploy import download, models
from deploy.download import Unreachable
from deploy.models import Model, Refused
from tests.conftest import free_port

VOICE = bytes(range(256)) * 4000


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("vosk-model-ru/am/final.mdl", b"model" * 1000)
        file.writestr("vosk-model-ru/conf/model.conf", "--x=1\n")
    return packed.getvalue()


class Vendor:
    """A site with files; `breaks` answers end after half of what was left."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.breaks = 0
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.asked.append((self.path, wanted))
            content = site.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            tag = f'"{hashlib.md5(content).hexdigest()}"'
            start = 0
            if wanted and self.headers.get("If-Range") == tag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            rest = content[start:]
            self.send_header("Content-Length", str(len(rest)))
            self.send_header("ETag", tag)
            self.end_headers()
            if site.breaks:
                site.breaks -= 1
                rest = rest[: len(rest) // 2]
            site.sent += len(rest)
            self.wfile.write(rest)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Vendor(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.download.time.sleep", lambda _seconds: None)


def voice(vendor: Vendor, **changes: Any) -> Model:
    vendor.files.setdefault("/ru.pt", VOICE)
    entry = {"title": "voice", "licence": "x", "url": f"{vendor.url}/ru.pt", "catalogue": None, "sha256": None,
             "unpack": False, "target": "silero/ru.pt", "runs_code": True}  # fmt: skip
    return Model.model_validate({**entry, **changes})


def recogniser(vendor: Vendor, **changes: Any) -> Model:
    packed = archive()
    vendor.files["/vosk.zip"] = packed
    url = f"{vendor.url}/vosk.zip"
    vendor.files["/list.json"] = (
        f'[{{"url": "{url}", "size": {len(packed)}, "md5": "{hashlib.md5(packed).hexdigest()}"}}]'.encode()
    )
    entry = {"title": "vosk", "licence": "x", "url": url, "catalogue": f"{vendor.url}/list.json", "sha256": None,
             "unpack": True, "target": "vosk-ru", "runs_code": False}  # fmt: skip
    return Model.model_validate({**entry, **changes})


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_broken_download_goes_on_where_it_broke_off(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    vendor.breaks = 3
    models.fetch(client, "voice", voice(vendor), tmp_path, sha256(VOICE))
    assert (tmp_path / "silero" / "ru.pt").read_bytes() == VOICE
    assert vendor.sent == len(VOICE), "bytes were fetched twice"
    assert (tmp_path / "silero" / "ru.pt.sha256").read_text().split()[0] == sha256(VOICE)


def test_a_download_ended_by_us_goes_on_the_next_time(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    vendor.breaks = 1
    part = tmp_path / "fetched" / "voice.part"
    model = voice(vendor)
    with pytest.raises(KeyboardInterrupt):
        download.download(client, model.url, part, interrupt)
    assert 0 < part.stat().st_size < len(VOICE)
    vendor.breaks = 0
    models.fetch(client, "voice", voice(vendor), tmp_path, sha256(VOICE))
    assert (tmp_path / "silero" / "ru.pt").read_bytes() == VOICE
    assert vendor.asked[-1][1], "the beginning was fetched again"


def interrupt(_have: int, _whole: int | None) -> None:
    raise KeyboardInterrupt


def test_a_file_that_changed_meanwhile_is_fetched_anew(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    vendor.breaks = 1
    model = voice(vendor)
    with pytest.raises(KeyboardInterrupt):
        download.download(client, model.url, tmp_path / "fetched" / "voice.part", interrupt)
    vendor.files["/ru.pt"] = VOICE[::-1]
    vendor.breaks = 0
    models.fetch(client, "voice", model, tmp_path, sha256(VOICE[::-1]))
    assert (tmp_path / "silero" / "ru.pt").read_bytes() == VOICE[::-1]


def test_a_wrong_hash_is_refused_and_nothing_stays(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="instead of"):
        models.fetch(client, "voice", voice(vendor), tmp_path, "0" * 64)
    assert not list(tmp_path.rglob("ru.pt*"))
    assert not list(tmp_path.rglob("voice*"))


def test_without_a_published_hash_code_is_not_taken_but_kept_to_be_compared(
    vendor: Vendor, client: httpx.Client, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=f"--sha256 voice={sha256(VOICE)}"):
        models.fetch(client, "voice", voice(vendor), tmp_path)
    assert not (tmp_path / "silero").exists()
    asked = len(vendor.asked)
    models.fetch(client, "voice", voice(vendor), tmp_path, sha256(VOICE))
    assert len(vendor.asked) == asked, "the file was fetched twice"
    assert (tmp_path / "silero" / "ru.pt").is_file()


def test_the_vendors_catalogue_checks_a_model_that_is_only_data(
    vendor: Vendor, client: httpx.Client, tmp_path: Path
) -> None:
    said = models.fetch(client, "vosk", recogniser(vendor), tmp_path)
    assert "no SHA-256 is published" in said
    assert (tmp_path / "vosk-ru" / "am" / "final.mdl").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name != "fetched"] == ["vosk-ru"]


def test_a_file_that_differs_from_the_catalogue_is_refused(
    vendor: Vendor, client: httpx.Client, tmp_path: Path
) -> None:
    model = recogniser(vendor)
    vendor.files["/vosk.zip"] += b"x"
    with pytest.raises(Refused, match="catalogue"):
        models.fetch(client, "vosk", model, tmp_path)
    assert not (tmp_path / "vosk-ru").exists()


def test_a_catalogue_cannot_vouch_for_code(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="runs code"):
        models.fetch(client, "vosk", recogniser(vendor, runs_code=True), tmp_path)


@pytest.mark.parametrize("names", [["a/x", "b/x"], ["x"], ["../../outside/x"]])
def test_an_archive_that_is_no_model_is_refused(
    names: list[str], vendor: Vendor, client: httpx.Client, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    model = recogniser(vendor)
    vendor.files["/vosk.zip"] = packed.getvalue()
    here = tmp_path / "models"
    if names[0].startswith(".."):
        models.fetch(client, "vosk", model, here, sha256(packed.getvalue()))
        assert not (tmp_path / "outside").exists(), "an archive wrote outside the folder"
        return
    with pytest.raises(Refused):
        models.fetch(client, "vosk", model, here, sha256(packed.getvalue()))
    assert not (here / "vosk-ru").exists()


def test_what_is_there_is_not_fetched_again(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "silero").mkdir()
    (tmp_path / "silero" / "ru.pt").write_bytes(b"mine")
    assert "already" in models.fetch(client, "voice", voice(vendor), tmp_path)
    assert vendor.asked == []


def test_a_missing_file_is_said(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="404"):
        models.fetch(client, "voice", voice(vendor, url=f"{vendor.url}/gone.pt"), tmp_path)


def test_a_site_that_never_gets_on_is_given_up(vendor: Vendor, client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="5 times"):
        models.fetch(client, "voice", voice(vendor, url=f"http://127.0.0.1:{free_port()}/ru.pt"), tmp_path)


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: dict[str, Model], *arguments: str) -> int:
    """The command, with its own list of models and its own folder."""
    listed = tmp_path / "models.yml"
    listed.write_text(yaml.safe_dump({name: model.model_dump(mode="json") for name, model in entries.items()}))
    settings = get_settings().model_copy(update={"var_dir": tmp_path / "var"})
    monkeypatch.setattr(models, "get_settings", lambda: settings)
    return models.main(arguments, models_list=listed)


def test_exit_code_and_words_tell_what_could_not_be_had(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = {"good": recogniser(vendor), "gone": voice(vendor, url=f"http://127.0.0.1:{free_port()}/ru.pt")}
    assert run(tmp_path, monkeypatch, entries) == 1
    said = capsys.readouterr().out
    assert "Not in place: gone" in said
    assert (tmp_path / "var" / "models" / "vosk-ru").is_dir()
    assert run(tmp_path, monkeypatch, entries, "good") == 0


@pytest.mark.parametrize("arguments", [["nothing"], ["--sha256", "good=12"], ["--sha256", "other=" + "0" * 64]])
def test_wrong_arguments_name_the_right_ones(
    arguments: list[str], vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(tmp_path, monkeypatch, {"good": recogniser(vendor)}, *arguments) == 2
    assert "good" in capsys.readouterr().err


def test_our_own_list_is_sound() -> None:
    known = models.load()
    assert {"vosk-ru", "silero-ru"} <= set(known)
    assert all(model.url.startswith("https://") for model in known.values())
    assert known["silero-ru"].runs_code, "its voices are unpickled"
