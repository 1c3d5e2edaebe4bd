import json

import pandas as pd
import pytest

import dfer


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "json", "sqlite"])
def test_formats_read_alike(talk, kind):
    expected = dfer.read(talk / "talk.csv")
    rows = dfer.read(talk / f"talk.{kind}")
    assert len(expected) == 14
    pd.testing.assert_frame_equal(rows, expected[rows.columns], rtol=0, atol=1e-9)


def test_types(talk, samples):
    rows = dfer.read(talk / "talk.csv")
    assert rows.dtypes["clip"] == "Int64" and rows.dtypes["face_id"] == "Int64"
    assert rows.dtypes["label"] == "string" and rows.dtypes["time_s"] == "float64"
    assert rows.dtypes["yaw_deg"] == "float64" and rows.yaw_deg.notna().all()
    # Empty cells are missing, not zero.
    nobody = dfer.watch(samples / "no-face.mp4")
    assert nobody.dtypes["yaw_deg"] == "float64" and nobody.yaw_deg.isna().all()
    classes = dfer.class_columns(rows)
    assert "p_happiness" in classes and "pitch_deg" not in classes
    assert (rows[classes].sum(axis=1) - 1).abs().max() < 1e-5


def test_the_order_of_columns_does_not_matter(talk, tmp_path):
    rows = dfer.read(talk / "talk.csv")
    text = pd.read_csv(talk / "talk.csv", dtype=str, keep_default_na=False)
    text = text[sorted(text.columns, reverse=True)]
    text["au12_strength"] = "0.5"
    text.to_csv(tmp_path / "other.csv", index=False)
    other = dfer.read(tmp_path / "other.csv")
    pd.testing.assert_frame_equal(other[rows.columns], rows)
    assert other.au12_strength.tolist() == [0.5] * 14


def test_labels_that_look_missing_stay_labels(talk, tmp_path):
    text = pd.read_csv(talk / "talk.csv", dtype=str, keep_default_na=False)
    text["label"], text["mask"] = "none", "none"
    text.to_csv(tmp_path / "none.csv", index=False)
    rows = dfer.read(tmp_path / "none.csv")
    assert rows.label.eq("none").all() and rows["mask"].eq("none").all()


def test_a_file_without_faces_has_the_same_types(samples, talk, tmp_path):
    rows = dfer.watch(samples / "no-face.mp4")
    with_face = dfer.read(talk / "talk.csv")
    assert rows.status.eq("no_face").all() and rows.face_id.isna().all()
    assert rows.dtypes.equals(with_face.dtypes)
    # A file that ended before its first row.
    (tmp_path / "empty.csv").write_text((talk / "talk.csv").read_text().splitlines()[0] + "\n")
    empty = dfer.read(tmp_path / "empty.csv")
    assert len(empty) == 0 and list(empty.columns) == list(with_face.columns)


def test_manifest(talk):
    manifest = dfer.read(talk / "talk.csv").attrs["manifest"]
    assert manifest.outcome == "complete" and manifest.schema >= 1
    assert manifest.counts["decoded_frames"] == 300 and manifest["counts"]["rows"] == 14
    assert set(manifest.classes) >= {"happiness", "sadness"}
    assert manifest.version == dfer.program_version()
    assert dict(manifest) == json.loads((talk / "talk.run.json").read_text())
    assert dfer.read_manifest(talk / "talk.run.json").path == dfer.read_manifest(talk / "talk.csv").path


def test_manifests_of_both_schemas(tmp_path):
    old, new = tmp_path / "old.run.json", tmp_path / "new.run.json"
    old.write_text(json.dumps({"dfer": "0.1.0", "ending": "damaged"}))
    new.write_text(json.dumps({"dfer": "0.2.0", "schema": 2, "outcome": "damaged", "gaps": []}))
    assert [dfer.read_manifest(path).schema for path in (old, new)] == [1, 2]
    assert [dfer.read_manifest(path).outcome for path in (old, new)] == ["damaged", "damaged"]


def test_segments(talk):
    segments = dfer.read_segments(talk / "talk.json")
    faces = segments[segments.face_id.notna()]
    assert {"happiness", "surprise", "sadness"} <= set(faces.label)
    assert (faces.end_s > faces.start_s).all() and faces.apex_s.between(faces.start_s, faces.end_s).all()
    stored = dfer.read_segments(talk / "talk.sqlite")
    pd.testing.assert_frame_equal(stored[segments.columns], segments, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("talk.csv", None, "No such file"),
        ("table.csv", "name,age\nAda,36\n", "no column clip"),
        ("empty.csv", "", "No columns"),
        ("broken.json", "{", "Expecting"),
        ("other.json", "[]", 'no "rows"'),
        ("broken.jsonl", '{"clip":0\n', "Expecting"),
        ("not.sqlite", "no database", "not a database"),
        ("talk.docx", "PK", ".docx is not a timeline"),
    ],
)
def test_what_is_no_timeline_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(dfer.InputError, match="(?s)" + words) as raised:
        dfer.read(path)
    assert str(path) in str(raised.value) and raised.value.exit_code == 3
