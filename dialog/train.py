"""Trains Rasa's model: `.venv-rasa/bin/python -m dialog.train`.

The model is `var/dialog/<hash of its sources>.tar.gz`: a model whose sources are unchanged is kept, others go.
`--check` only validates the project (`rasa data validate`).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from dialog.components.environment import DIALOG, ROOT, prepare, var_dir


def sources() -> list[Path]:
    """All that the model is made of, our own component with it."""
    code = [DIALOG / "components" / "intents.py", DIALOG / "sound.py"]
    return [DIALOG / "config.yml", DIALOG / "domain.yml", *code, *sorted((DIALOG / "data").rglob("*.yml"))]


def model_path() -> Path:
    """Where the model of the present sources is or will be."""
    digest = hashlib.sha256(version("rasa").encode())
    for path in sources():
        digest.update(str(path.relative_to(DIALOG)).encode())
        digest.update(path.read_bytes())
    return var_dir() / "dialog" / f"{digest.hexdigest()[:16]}.tar.gz"


def train() -> Path:
    """The model's file, trained if need be. Raises subprocess.CalledProcessError."""
    path = model_path()
    if path.exists():
        print(f"dialog: model {path.name} is up to date")
        return path
    print("dialog: training Rasa's model, about a minute", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"training-{path.name}")
    _rasa("train", "--config", str(DIALOG / "config.yml"), "--domain", str(DIALOG / "domain.yml"),
          "--data", str(DIALOG / "data"), "--out", str(path.parent),
          "--fixed-model-name", partial.name.removesuffix(".tar.gz"), "--force", "--skip-validation")  # fmt: skip
    partial.rename(path)
    for old in path.parent.glob("*.tar.gz"):
        if old != path:
            old.unlink()
    print(f"dialog: model {path.name} trained")
    return path


def validate() -> None:
    """`rasa data validate`. Raises subprocess.CalledProcessError."""
    _rasa("data", "validate", "--config", str(DIALOG / "config.yml"), "--domain", str(DIALOG / "domain.yml"),
          "--data", str(DIALOG / "data"))  # fmt: skip


def _rasa(*arguments: str) -> None:
    """Quiet unless it fails: Rasa warns at length of what is so on purpose (the form takes every intent)."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "rasa", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="validate the project instead of training")
    arguments = parser.parse_args()
    prepare()
    try:
        validate() if arguments.check else train()
    except subprocess.CalledProcessError as error:
        sys.exit(f"dialog: rasa failed with code {error.returncode}")


if __name__ == "__main__":
    main()
