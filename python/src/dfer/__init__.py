"""Facial-expression timelines of videos, by the ``dfer`` program.

>>> import dfer
>>> rows = dfer.watch("talk.mp4")            # a pandas DataFrame, one row for each clip and face
>>> rows[rows.success == 1].label.value_counts()

The program does the work; this package starts it, reads what it writes, and raises its errors as exceptions.
"""

from ._program import find_program, program_version, run
from ._read import Manifest, class_columns, read, read_manifest, read_segments
from ._version import __version__
from ._watch import Rows, stream, watch
from .errors import (
    DamageError,
    DamageWarning,
    DferError,
    InputError,
    Interrupted,
    OutputError,
    ProgramNotFound,
    UsageError,
)

__all__ = [
    "DamageError",
    "DamageWarning",
    "DferError",
    "InputError",
    "Interrupted",
    "Manifest",
    "OutputError",
    "ProgramNotFound",
    "Rows",
    "UsageError",
    "__version__",
    "class_columns",
    "find_program",
    "program_version",
    "read",
    "read_manifest",
    "read_segments",
    "run",
    "stream",
    "watch",
]
