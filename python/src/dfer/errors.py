"""What can go wrong, by the program's exit codes and in its own words."""

from __future__ import annotations

from collections.abc import Sequence


class DferError(Exception):
    """The program failed. ``str(error)`` is what it said, ``exit_code`` how it ended, ``command`` what was run."""

    def __init__(self, message: str, exit_code: int = 1, command: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.command = tuple(command)

    def __reduce__(self) -> tuple[type[DferError], tuple[str, int, tuple[str, ...]]]:
        return type(self), (self.message, self.exit_code, self.command)


class UsageError(DferError, ValueError):
    """Exit code 2: an option or argument that the program does not accept."""


class InputError(DferError, OSError):
    """Exit code 3: a video, timeline or pipeline that cannot be read."""


class DamageError(DferError):
    """Exit code 4, with ``strict=True``: the video is damaged; the rows say where."""


class OutputError(DferError, OSError):
    """Exit code 5: the rows could not be written."""


class Interrupted(DferError):
    """Exit code 130: the program was told to stop. Its outputs are valid up to the last row."""


class ProgramNotFound(DferError, FileNotFoundError):
    """The ``dfer`` program is not installed where this package looks for it."""


class DamageWarning(UserWarning):
    """Exit code 4: the video is damaged; the rows say where (status ``decode_gap``)."""


_BY_EXIT_CODE: dict[int, type[DferError]] = {
    2: UsageError,
    3: InputError,
    4: DamageError,
    5: OutputError,
    130: Interrupted,
    143: Interrupted,
}


def error_for(exit_code: int, stderr: str, command: Sequence[str]) -> DferError:
    """The exception for an exit code (negative: killed by that signal)."""
    said = stderr.strip()
    # One "dfer: " before one message; several lines stay as they are.
    message = said[len("dfer: ") :] if said.startswith("dfer: ") and "\ndfer: " not in said else said
    if exit_code < 0:
        return DferError(message or f"dfer was killed by signal {-exit_code}", exit_code, command)
    return _BY_EXIT_CODE.get(exit_code, DferError)(
        message or f"dfer ended with exit code {exit_code}", exit_code, command
    )
