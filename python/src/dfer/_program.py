"""Finding the program and running it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Union

from .errors import ProgramNotFound, error_for

Path_ = Union[str, "os.PathLike[str]"]
Option = Union[None, bool, int, float, str, "os.PathLike[str]", Sequence[Union[int, float, str, "os.PathLike[str]"]]]


def find_program() -> str:
    """Path of the program: ``$DFER_BINARY``, the one in this package (platform wheels), or ``dfer`` on ``$PATH``."""
    asked = os.environ.get("DFER_BINARY")
    if asked:
        if os.access(asked, os.X_OK):
            return asked
        raise ProgramNotFound(f"$DFER_BINARY is {asked}, which is not a program")
    bundled = Path(__file__).parent / "program" / "bin" / "dfer"
    if os.access(bundled, os.X_OK):
        return str(bundled)
    found = shutil.which("dfer")
    if found:
        return found
    raise ProgramNotFound(
        "the dfer program was not found: install the dfer package of your system, or a wheel that carries it, "
        "or set DFER_BINARY to its path"
    )


def program_version() -> str:
    """Version of the program that is found, for example ``0.1.0``."""
    return run("--version").stdout.strip()


def run(*arguments: Path_, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs ``dfer`` with these arguments and returns what it wrote.

    For everything that has no function of its own: ``dfer.run("export", "talk.csv", "-o", "talk.eaf")``.
    With ``check``, an exit code other than 0 raises the matching :class:`DferError`.
    """
    command = [find_program(), *(os.fspath(argument) for argument in arguments)]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if check and ended.returncode != 0:
        raise error_for(ended.returncode, ended.stderr, command)
    return ended


def option_arguments(options: Mapping[str, Option]) -> list[str]:
    """Command-line options from keywords: ``max_faces=4`` is ``--max-faces=4``, ``landmarks=True`` is ``--landmarks``,
    a list repeats the option, and None or False leaves it out."""
    arguments: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(flag)
            continue
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        # With "=", a value that begins with a dash stays a value.
        arguments += [f"{flag}={os.fspath(one) if isinstance(one, os.PathLike) else one}" for one in several]
    return arguments
