import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

from models.errors import ModelFolderError
from models.serving.folder import REPORT, load_model, save_model
from models.serving.manifest import MANIFEST, MAX_MANIFEST_BYTES, WEIGHTS, version_of


@pytest.fixture
def folder(model_folder, tmp_path):
    return shutil.copytree(model_folder, tmp_path / "model")


def _rewrite(folder, change):
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    manifest["version"] = version_of(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _replace_weights(folder, tensors):
    import hashlib

    content = safetensors.numpy.save(tensors)
    (folder / WEIGHTS).write_bytes(content)
    _rewrite(
        folder,
        lambda manifest: manifest["weights"].update(
            sha256=hashlib.sha256(content).hexdigest()
        ),
    )


def test_saved_and_loaded_model_judge_alike(folder, tmp_path, report):
    stored = load_model(folder)
    assert stored.version == report.model_version
    provenance = {
        key: stored.manifest[key]
        for key in stored.manifest
        if key
        not in {
            "schema",
            "s_parameters",
            "bands_hz",
            "architecture",
            "densities",
            "classes",
            "weights",
            "version",
        }
    }
    version = save_model(tmp_path / "again", stored.model, provenance, {})
    assert version == stored.version
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (
        folder / WEIGHTS
    ).read_bytes()


def test_report_names_the_version(folder, report):
    assert json.loads((folder / REPORT).read_text())["version"] == report.model_version


@pytest.mark.parametrize("file", [WEIGHTS, MANIFEST])
def test_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(ModelFolderError, match=f"{file}: No such file"):
        load_model(folder)


def test_changed_weights_are_refused(folder):
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(bytes(content))
    with pytest.raises(ModelFolderError, match="not the file that the manifest names"):
        load_model(folder)


def test_changed_manifest_is_refused(folder):
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["classes"]["condition"].reverse()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelFolderError, match="was changed"):
        load_model(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "is not JSON"),
        (b"[]", "no manifest of schema"),
        (b'{"schema": 99}', "no manifest of schema"),
        (b"[" * 100_000, "is not JSON"),
        (b" " * (MAX_MANIFEST_BYTES + 1), "at most"),
    ],
)
def test_hostile_manifest_is_refused(folder, content, sentence):
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ModelFolderError, match=sentence):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m["architecture"].update(width=10**9), "width is out of bounds"),
        (lambda m: m["architecture"].update(member_count=0), "out of bounds"),
        (
            lambda m: m["architecture"].update(receiver_heads=[["condition", 10**9]]),
            "absurd number of outputs",
        ),
        (
            lambda m: m["architecture"].update(pretrained_heads=["weather"]),
            "pre-trained head is none of its heads",
        ),
        (lambda m: m["architecture"].update(width=47), "has shape"),
        (lambda m: m.pop("architecture"), "incomplete"),
        (lambda m: m["densities"]["temperature_k"].pop("low"), "incomplete"),
        (lambda m: m.pop("weights"), "incomplete"),
        (lambda m: m.update(readers=[]), "incomplete"),
        (lambda m: m.update(classes=["condition"]), "incomplete"),
        (
            lambda m: m["readers"]["coordinates"].update(bin_count=0),
            "coordinates: a size is out of bounds",
        ),
    ],
)
def test_manifest_that_does_not_fit_is_refused(folder, change, sentence):
    _rewrite(folder, change)
    with pytest.raises(ModelFolderError, match=sentence):
        load_model(folder)


def test_extra_missing_and_misshapen_tensors_are_refused(folder):
    tensors = safetensors.numpy.load((folder / WEIGHTS).read_bytes())
    _replace_weights(folder, tensors | {"extra": np.zeros(3)})
    with pytest.raises(ModelFolderError, match="'extra' is not known"):
        load_model(folder)
    less = {name: tensor for name, tensor in tensors.items() if name != "form.kept"}
    _replace_weights(folder, less)
    with pytest.raises(ModelFolderError, match=r"'form\.kept' is missing"):
        load_model(folder)
    _replace_weights(folder, tensors | {"form.kept": np.zeros(7, np.uint8)})
    with pytest.raises(ModelFolderError, match=r"'form\.kept' has shape"):
        load_model(folder)
    _replace_weights(folder, tensors | {"novelty.bank": np.zeros(3)})
    with pytest.raises(ModelFolderError, match=r"manifest\.json: is incomplete"):
        load_model(folder)


def test_arrays_of_coordinates_are_named_as_theirs(folder):
    tensors = safetensors.numpy.load((folder / WEIGHTS).read_bytes())
    less = {
        name: each for name, each in tensors.items() if name != "coordinates.centre"
    }
    _replace_weights(folder, less)
    with pytest.raises(ModelFolderError, match="coordinates: array 'centre' is miss"):
        load_model(folder)


def test_bytes_that_are_no_safetensors_are_refused(folder):
    import hashlib

    content = b"\x80\x04\x95 this would be a pickle"
    (folder / WEIGHTS).write_bytes(content)
    _rewrite(
        folder,
        lambda manifest: manifest["weights"].update(
            sha256=hashlib.sha256(content).hexdigest()
        ),
    )
    with pytest.raises(ModelFolderError, match="weights"):
        load_model(folder)
