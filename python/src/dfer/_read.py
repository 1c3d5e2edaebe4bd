"""Reading what the program writes: timelines as DataFrames, manifests as mappings."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ._program import Path_
from .errors import InputError

_INTEGERS = frozenset({"clip", "start_frame", "end_frame", "face_id", "face_frames", "success"})
_TEXTS = frozenset({"source", "status", "label", "model_label", "mask"})
_DATES = frozenset({"wall_time"})
#: Columns that make a table a timeline; everything else may be missing, and any column may stand anywhere.
_REQUIRED = ("clip", "face_id", "start_s", "end_s", "status")


def read(path: Path_) -> pd.DataFrame:
    """Reads a timeline (``.csv``, ``.tsv``, ``.jsonl``, ``.json``, ``.sqlite``) or a table of ``dfer merge``.

    Columns are found by name, so their order does not matter, and columns that this version does not know are kept.
    Empty cells are missing values. The manifest beside the file, when there is one, is in ``rows.attrs["manifest"]``.
    """
    path = Path(path)
    kind = path.suffix.lower()
    try:
        if kind in (".csv", ".tsv"):
            table = read_text(path, "\t" if kind == ".tsv" else ",")
        elif kind == ".jsonl":
            with open(path, encoding="utf-8") as lines:
                table = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        elif kind == ".json":
            table = pd.DataFrame(_member(_json(path), "rows", path))
        elif kind in (".sqlite", ".db"):
            table = _query(path, "rows")
        else:
            raise InputError(
                f"{path}: {kind or 'no ending'} is not a timeline that dfer.read knows (csv, tsv, jsonl, json, sqlite)",
                3,
            )
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", 3) from error
    except (ValueError, sqlite3.Error) as error:
        raise InputError(f"{path}: {error}", 3) from error
    rows = typed(table)
    missing = [name for name in _REQUIRED if name not in rows.columns]
    if missing:
        raise InputError(f"{path}: not a timeline of dfer, it has no column {', '.join(missing)}", 3)
    manifest = manifest_path(path)
    if manifest.exists():
        rows.attrs["manifest"] = read_manifest(manifest)
    return rows


def read_segments(path: Path_) -> pd.DataFrame:
    """Reads the segments (label, onset, offset, apex) that ``.json`` and ``.sqlite`` timelines hold."""
    path = Path(path)
    try:
        table = (
            pd.DataFrame(_member(_json(path), "segments", path))
            if path.suffix.lower() == ".json"
            else _query(path, "segments")
        )
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", 3) from error
    except (ValueError, sqlite3.Error) as error:
        raise InputError(f"{path}: {error}", 3) from error
    return typed(table)


def class_columns(rows: pd.DataFrame) -> list[str]:
    """Names of the columns that hold class probabilities: ``p_anger`` ... ``p_surprise``."""
    return [name for name in rows.columns if name.startswith("p_")]


class Manifest(Mapping[str, Any]):
    """What ``NAME.run.json`` says of a run: a mapping of its fields, with the commonest as attributes."""

    def __init__(self, fields: Mapping[str, Any], path: Path | None = None) -> None:
        self._fields = dict(fields)
        self.path = path

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Manifest({self.path or 'in memory'}: {self.outcome}, {self.counts.get('rows')} rows)"

    def _first(self, *names: str, default: Any = None) -> Any:
        return next((self._fields[name] for name in names if name in self._fields), default)

    @property
    def schema(self) -> int:
        """Version of the manifest's and the rows' form; files from before it was written are 1."""
        return int(self._first("schema", "schema_version", default=1))

    @property
    def version(self) -> str:
        """Version of the program."""
        return str(self._first("dfer", default=""))

    @property
    def outcome(self) -> str:
        """How the run ended: ``complete``, ``damaged``, ``interrupted``, ``output_failed`` or ``failed``."""
        return str(self._first("outcome", "ending", default=""))

    @property
    def classes(self) -> list[str]:
        """Classes of the network, in its own order."""
        return list(self._first("classes", default=[]))

    @property
    def counts(self) -> dict[str, Any]:
        """Frames, rows and what became of them."""
        return dict(self._first("counts", default={}))

    @property
    def warnings(self) -> list[str]:
        """What the program warned of during the run."""
        return list(self._first("warnings", default=[]))


def manifest_path(rows: Path_) -> Path:
    """Where the manifest of a timeline is: ``talk.run.json`` beside ``talk.csv``."""
    path = Path(rows)
    return path.with_name(path.stem + ".run.json")


def read_manifest(path: Path_) -> Manifest:
    """Reads a manifest, given its own path or that of the timeline it stands beside."""
    path = Path(path)
    if not path.name.endswith(".run.json"):
        path = manifest_path(path)
    try:
        fields = _json(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", 3) from error
    except ValueError as error:
        raise InputError(f"{path}: not a manifest: {error}", 3) from error
    if not isinstance(fields, dict) or "dfer" not in fields:
        raise InputError(f"{path}: not a manifest of dfer", 3)
    return Manifest(fields, path)


def read_text(source: Any, separator: str = ",") -> pd.DataFrame:
    """A table of text as strings; :func:`typed` gives its columns their types."""
    return pd.read_csv(source, sep=separator, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Gives every column the type its name stands for, however the table was read."""
    columns = {}
    for name in table.columns:
        column = table[name]
        if name in _TEXTS or name.endswith("_label"):
            columns[name] = column.astype("string")
        elif name in _DATES:
            columns[name] = pd.to_datetime(column, utc=True)
        elif name in _INTEGERS:
            columns[name] = pd.to_numeric(column).astype("Int64")
        else:
            columns[name] = _number_if_possible(column)
    return pd.DataFrame(columns, columns=table.columns, index=table.index)


def value(name: str, text: str) -> Any:
    """One cell by the same rules; None when it is empty."""
    if text == "":
        return None
    if name in _TEXTS or name.endswith("_label") or name in _DATES:
        return text
    if name in _INTEGERS:
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def _number_if_possible(column: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return pd.to_numeric(column).astype("float64")
    except (ValueError, TypeError):
        return column.astype("string")


def _json(path: Path) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _member(document: Any, name: str, path: Path) -> Any:
    if not isinstance(document, dict) or not isinstance(document.get(name), list):
        raise InputError(f'{path}: not a timeline of dfer, it has no "{name}"', 3)
    return document[name]


def _query(path: Path, table: str) -> pd.DataFrame:
    if not os.path.exists(path):
        raise FileNotFoundError(2, os.strerror(2))
    with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as database:
        return pd.read_sql(f"select * from {table}", database)  # noqa: S608, the name is ours
