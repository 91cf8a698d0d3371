"""Set-up finds what is there, asks for nothing twice, and says what to do when it cannot go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import ROOT
from deploy.bootstrap import environments, progress, pythons, service_user, system_packages
from deploy.bootstrap.progress import SetupError
from deploy.bootstrap.service_user import ServiceUser

US = ServiceUser("us", os.geteuid(), os.getegid())


def fake_python(folder: Path, version: str, *, runs: bool = True) -> Path:
    """Something that answers the probe as a Python of `version` would."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    answer = f'["{path}", [{version.replace(".", ", ")}], "{folder.parent}", true]'
    path.write_text(
        f"#!/bin/sh\necho '{answer}'\n" if runs else "#!/bin/sh\necho 'pyenv: no such version' >&2\nexit 127\n"
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on the PATH and no pyenv."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def test_a_pyenv_shim_that_fails_is_passed_over_for_pyenvs_own(machine: Path) -> None:
    fake_python(machine / "bin", "3.94", runs=False)
    old = fake_python(machine / "pyenv" / "versions" / "3.94.1" / "bin", "3.94")
    new = fake_python(machine / "pyenv" / "versions" / "3.94.2" / "bin", "3.94")
    assert [each.executable for each in pythons.find(["3.94"])] == [new, old]


def test_the_path_comes_before_pyenv(machine: Path) -> None:
    fake_python(machine / "pyenv" / "versions" / "3.94.2" / "bin", "3.94")
    on_path = fake_python(machine / "bin", "3.94")
    assert pythons.find(["3.94"])[0].executable == on_path


def test_uv_is_asked_where_nothing_else_is(machine: Path) -> None:
    managed = fake_python(machine / "managed" / "bin", "3.94")
    uv = machine / "uv"
    uv.write_text(f"#!/bin/sh\necho {managed}\n")
    uv.chmod(0o755)
    assert [each.executable for each in pythons.find(["3.94"], uv=uv)] == [managed]


def test_another_version_under_the_name_is_not_taken(machine: Path) -> None:
    fake_python(machine / "bin", "3.95").rename(machine / "bin" / "python3.94")
    assert pythons.find(["3.94"]) == []


def test_no_python_for_rasa_says_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = machine / "project" / ".venv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setattr(environments, "RASA_VERSION", "3.94")
    rooms = environments.Environments(machine / "project", US, machine)
    with pytest.raises(SetupError, match="pyenv install"):
        rooms._rasa()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_python_closed_to_the_services_is_copied_to_where_they_can_run_it(tmp_path: Path) -> None:
    """As pyenv's under /root: the copy runs, its shared library found beside it."""
    found = next((each for each in pythons.find(["3.10", "3.11", "3.12"]) if each.prefix != Path("/usr")), None)
    if found is None:
        pytest.skip("no Python but the system's")
    nobody = ServiceUser("nobody", 65534, 65534)
    # pytest's own folders are closed; the copy has to lie where everybody gets
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    if pythons.probe(found.executable, nobody) is not None:
        pytest.skip("every Python here is open to everybody")
    copy = pythons.reachable(found, nobody, tmp_path / "copies")
    assert copy.executable.is_relative_to(tmp_path)
    assert pythons.probe(copy.executable, nobody) == copy
    assert not list(copy.prefix.rglob("test_ssl.py")), "the standard library's own tests need not be copied"


def test_installed_packages_need_no_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system_packages, "run_shown", lambda *_a, **_k: pytest.fail("apt was called"))
    system_packages.install(["bash", "coreutils"], tmp_path / "apt.log")


def test_missing_packages_without_root_are_one_command_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system_packages, "_root_prefix", lambda: None)
    with pytest.raises(SetupError, match=r"sudo apt-get install .* no-such-package-here"):
        system_packages.install(["bash", "no-such-package-here"], tmp_path / "apt.log")


def test_list_of_packages_tells_run_from_tests() -> None:
    assert "redis-server" in system_packages.listed("run")
    assert "sip-tester" not in system_packages.listed("run")
    assert "sip-tester" in system_packages.listed("run", "tests")


@pytest.mark.parametrize("place", ["/", "/srv", str(ROOT), str(ROOT.parent)])
def test_var_is_never_a_folder_of_others(place: str) -> None:
    """Its whole content is given to the services' user."""
    with pytest.raises(SetupError, match="VYZOV_VAR_DIR"):
        service_user.prepare_var(Path(place), ROOT, US)


def test_var_is_closed_to_others(tmp_path: Path) -> None:
    service_user.prepare_var(tmp_path / "var", ROOT, US)
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_a_failed_step_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="the reason"):
        progress.run_shown("a step", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "step.log")


def test_a_step_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REMIND_SECONDS", 0.05)
    with pytest.raises(SetupError, match="given up"):
        progress.run_shown("a step", ["sleep", "60"], tmp_path / "step.log", seconds=0.2)


def test_the_first_stage_needs_nothing_but_the_standard_library() -> None:
    """It runs before anything is installed; -S hides site-packages, -I everything of ours but the folder named."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from deploy.bootstrap import first_stage; "
        "import deploy.secret_files; import deploy.container"
    )
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("script", ["run", "test"])
def test_help_needs_no_set_up(script: str) -> None:
    ran = subprocess.run(
        [str(ROOT / "scripts" / script), "--help"], capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 0
    assert "sets" in ran.stdout.lower()
