"""The program under test: $DFER_BINARY, or the newest build of this source tree. Without one, its tests are skipped."""

import os
from pathlib import Path

import pytest

import dfer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def program():
    if "DFER_BINARY" not in os.environ:
        built = [
            path for path in (ROOT / ".build/release/dfer", ROOT / ".build-portable/release/dfer") if path.exists()
        ]
        if built:
            os.environ["DFER_BINARY"] = str(max(built, key=lambda path: path.stat().st_mtime))
    try:
        return dfer.find_program()
    except dfer.ProgramNotFound as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def samples():
    return ROOT / "Samples"


@pytest.fixture(scope="session")
def talk(samples, tmp_path_factory):
    """A timeline in every format that can be read, made once."""
    folder = tmp_path_factory.mktemp("talk")
    outputs = [
        f"--output={folder / name}" for name in ("talk.csv", "talk.tsv", "talk.jsonl", "talk.json", "talk.sqlite")
    ]
    dfer.run("watch", "--quiet", *outputs, samples / "one-face.mp4")
    return folder
