"""Reading a video: all rows as a DataFrame, or one after the other while the video is read."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd

from ._program import Option, Path_, find_program, option_arguments
from ._read import read, read_manifest, value
from .errors import DamageWarning, DferError, error_for


def watch(
    source: Path_, *, output: Path_ | None = None, overwrite: bool = False, strict: bool = False, **options: Option
) -> pd.DataFrame:
    """Reads the expressions of every face in ``source`` and returns the timeline.

    :param source: video file, URL, camera (``v4l2:0``), folder or list of images
    :param output: keep the rows here too, in the format of the file's ending; ``NAME.run.json`` is written beside it
    :param overwrite: replace ``output`` when it exists
    :param strict: raise :class:`DamageError` for a damaged video instead of warning of it
    :param options: options of ``dfer watch`` with underscores, for example ``pipeline="lanmsff"``, ``max_faces=4``,
        ``landmarks=True``
    :returns: one row for each clip and face; the manifest is in ``rows.attrs["manifest"]``
    """
    with tempfile.TemporaryDirectory(prefix="dfer-") as folder:
        rows = Path(folder) / "rows.csv"
        # The manifest stands beside the first output, so the one to keep comes first.
        outputs = [] if output is None else [f"--output={os.fspath(output)}"]
        if overwrite:
            outputs.append("--overwrite")
        command = _command(source, [*outputs, f"--output={rows}"], options)
        process = _start(command, stdout=subprocess.DEVNULL)
        try:
            _, said = process.communicate()
        except BaseException:
            _stop(process)
            raise
        if process.returncode not in (0, 4):
            raise error_for(process.returncode, said, command)
        table = read(rows)
        if output is not None:
            table.attrs["manifest"] = read_manifest(output)
    if process.returncode == 4:
        _damage(error_for(4, said, command), strict)
    return table


def stream(source: Path_, *, strict: bool = False, **options: Option) -> Rows:
    """Reads ``source`` and gives each row as soon as it is known: for cameras, streams and long videos.

    >>> with dfer.stream("v4l2:0", max_faces=1) as rows:
    ...     for row in rows:
    ...         print(row["time_s"], row["label"], row["confidence"])

    A row is a dict by column name, with None for what is missing. Leaving the ``with`` block stops the program.
    Options are those of :func:`watch`.
    """
    return Rows(_command(source, ["--output=-"], options), strict)


class Rows(Iterator["dict[str, Any]"]):
    """Rows of a running program, one after the other; made by :func:`stream`."""

    def __init__(self, command: list[str], strict: bool) -> None:
        self._command = command
        self._strict = strict
        # A file and not a pipe: nobody reads it while rows are awaited, and a full pipe would stop the program.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115, closed in _release
        self._process = _start(command, stdout=subprocess.PIPE, stderr=self._said)
        assert self._process.stdout is not None
        self._lines = csv.reader(self._process.stdout)
        self._header: list[str] | None = None
        self._ended = False

    @property
    def columns(self) -> list[str]:
        """Names of the columns; waits for the header."""
        if self._header is None:
            self._header = next(self._lines, None)
        return self._header or []

    def __next__(self) -> dict[str, Any]:
        if self._ended:
            raise StopIteration
        columns = self.columns
        cells = next(self._lines, None)
        if cells is None or len(cells) != len(columns):
            self._finish()
            raise StopIteration
        return {name: value(name, cell) for name, cell in zip(columns, cells)}

    def _finish(self) -> None:
        """The output has ended: raises what the program ended with."""
        self._ended = True
        code = self._process.wait()
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace")
        self._release()
        if code == 4:
            _damage(error_for(4, said, self._command), self._strict)
        elif code != 0:
            raise error_for(code, said, self._command)

    def close(self) -> None:
        """Stops the program, if it still runs."""
        self._ended = True
        _stop(self._process)
        self._release()

    def _release(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A program without a reader must not outlive its iterator.
        if hasattr(self, "_process") and self._process.poll() is None:
            self.close()


def _command(source: Path_, outputs: list[str], options: dict[str, Option]) -> list[str]:
    return [find_program(), "watch", "--quiet", *outputs, *option_arguments(options), "--", os.fspath(source)]


def _start(command: list[str], stdout: int, stderr: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True, encoding="utf-8", errors="replace"
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """Asks the program to end as Ctrl-C does, and insists after five seconds."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _damage(error: DferError, strict: bool) -> None:
    if strict:
        raise error
    warnings.warn(DamageWarning(error.message), stacklevel=3)
