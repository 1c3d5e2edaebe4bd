import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

import dfer
from dfer._program import option_arguments


def test_watch_is_what_the_program_writes(samples, talk):
    rows = dfer.watch(samples / "one-face.mp4")
    pd.testing.assert_frame_equal(rows, dfer.read(talk / "talk.csv"))
    assert rows.attrs["manifest"].outcome == "complete"


def test_options_and_output(samples, tmp_path):
    kept = tmp_path / "kept.tsv"
    rows = dfer.watch(samples / "two-faces.mp4", output=kept, blendshapes=True, max_faces=1, pipeline="mtcae-dfer")
    assert rows.face_id.dropna().nunique() == 1 and "bs_jaw_open" in rows
    pd.testing.assert_frame_equal(rows, dfer.read(kept))
    assert rows.attrs["manifest"]["pipeline"] == "mtcae-dfer"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.run.json", "kept.tsv"]
    with pytest.raises(dfer.DferError, match="already exists"):
        dfer.watch(samples / "two-faces.mp4", output=kept)
    dfer.watch(samples / "no-face.mp4", output=kept, overwrite=True)
    assert dfer.read(kept).status.eq("no_face").all()


def test_option_arguments():
    options = {"max_faces": 4, "landmarks": True, "blendshapes": False, "stream": None, "hop": 0.4, "add": ["a", "-b"]}
    assert option_arguments(options) == ["--max-faces=4", "--landmarks", "--hop=0.4", "--add=a", "--add=-b"]


def test_stream_gives_the_same_rows_one_by_one(samples):
    expected = dfer.watch(samples / "two-faces.mp4")
    with dfer.stream(samples / "two-faces.mp4") as rows:
        assert rows.columns == list(expected.columns)
        streamed = list(rows)
    assert [row["clip"] for row in streamed] == expected["clip"].tolist()
    assert [row["label"] for row in streamed] == expected.label.tolist()
    assert isinstance(streamed[0]["yaw_deg"], float) and isinstance(streamed[0]["time_s"], float)
    assert isinstance(streamed[0]["face_id"], int)
    with dfer.stream(samples / "no-face.mp4") as rows:
        assert next(iter(rows))["yaw_deg"] is None


def test_rows_come_before_the_end(samples):
    began = time.monotonic()
    with dfer.stream(samples / "one-face.mp4", simulate_live=True) as rows:
        first = next(rows)
        waited = time.monotonic() - began
    # The sample lasts 12 s and is played at its own pace.
    assert first["clip"] == 0 and waited < 10


def test_leaving_the_block_stops_the_program(samples):
    with dfer.stream(samples / "one-face.mp4", simulate_live=True) as rows:
        next(rows)
        process = rows._process
        assert process.poll() is None
    assert process.poll() is not None
    assert list(rows) == []


def test_errors_have_the_programs_words(samples, tmp_path):
    with pytest.raises(dfer.InputError, match="no such file") as raised:
        dfer.watch(tmp_path / "missing.mp4")
    assert raised.value.exit_code == 3 and "missing.mp4" in raised.value.message
    assert not str(raised.value).startswith("dfer:") and isinstance(raised.value, OSError)
    with pytest.raises(dfer.UsageError, match="max-faces"):
        dfer.watch(samples / "one-face.mp4", max_faces="many")
    with pytest.raises(ValueError, match="no-such-option"):
        dfer.watch(samples / "one-face.mp4", no_such_option=True)
    with pytest.raises(dfer.OutputError, match="nowhere"):
        dfer.watch(samples / "one-face.mp4", output=tmp_path / "nowhere" / "talk.csv")
    with pytest.raises(dfer.InputError), dfer.stream(tmp_path / "missing.mp4") as rows:
        next(rows)


def test_damage_is_a_warning_or_an_error(samples, tmp_path):
    whole = (samples / "one-face.mp4").read_bytes()
    cut = tmp_path / "cut.ts"
    transport = tmp_path / "whole.ts"
    ffmpeg = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", samples / "one-face.mp4", "-c", "copy", transport],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if ffmpeg.returncode == 0:
        data = bytearray(transport.read_bytes())
        for place in range(len(data) // 3, len(data) // 2, 50):
            data[place] ^= 0xFF
        cut.write_bytes(data)
    else:
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(whole[: len(whole) * 4 // 5])
    with pytest.warns(dfer.DamageWarning):
        rows = dfer.watch(cut)
    assert len(rows) > 0
    with pytest.raises(dfer.DamageError) as raised:
        dfer.watch(cut, strict=True)
    assert raised.value.exit_code == 4


def test_interruption(samples):
    with dfer.stream(samples / "one-face.mp4", simulate_live=True) as rows:
        next(rows)
        threading.Timer(0.2, rows._process.send_signal, [signal.SIGINT]).start()
        with pytest.raises(dfer.Interrupted):
            list(rows)


def test_errors_can_be_pickled():
    error = dfer.InputError("talk.mp4: no such file", 3, ["dfer", "watch"])
    copy = pickle.loads(pickle.dumps(error))
    assert (
        type(copy) is dfer.InputError
        and copy.exit_code == 3
        and copy.command == ("dfer", "watch")
        and str(copy) == str(error)
    )


def test_a_program_that_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("DFER_BINARY", str(tmp_path / "dfer"))
    with pytest.raises(dfer.ProgramNotFound, match="DFER_BINARY"):
        dfer.watch("talk.mp4")
    monkeypatch.delenv("DFER_BINARY")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dfer._program.__file__", str(tmp_path / "_program.py"))
    with pytest.raises(FileNotFoundError, match="install"):
        dfer.watch("talk.mp4")


def test_the_module_is_the_program(program):
    environment = {**os.environ, "DFER_BINARY": program}
    ended = subprocess.run(
        [sys.executable, "-m", "dfer", "--version"], capture_output=True, text=True, env=environment, check=True
    )
    assert ended.stdout.strip() == dfer.program_version()
