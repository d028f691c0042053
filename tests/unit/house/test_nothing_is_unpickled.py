"""Foreign bytes never run: no reader unpickles, and none takes more than it allows."""

import ast
import importlib
import io
import os
import pickle
import pkgutil
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
import yaml

from instruments.array import load_array_file
from instruments.client import Spool
from instruments.clock import SystemClock
from instruments.files import (
    open_measured_bytes,
    open_measured_file,
    read_archive,
    read_touchstone,
    read_trace_table,
)
from instruments.files.npz import read_npz
from instruments.measurement import MeasurementError
from instruments.measurement.bodies import unpack_body, unpack_json_body
from instruments.measurement.message import decode_sweep
from instruments.measurement.poller_status_message import decode_poller_status
from instruments.measurement.reading_message import decode_reading
from instruments.simulation.scenarios.loading import load_scenario
from instruments.transport.replay import read_transcript
from models.serving.folder import load_model
from service.config import read_config
from service.operations.model_folders import read_folder
from service.storage.codec import decode_axis, decode_traces
from service.storage.former_quantising import decode_fitted
from service.storage.interpolating import decode_interpolated
from service.storage.quantising import decode_alone, decode_leaning

PACKAGES = ("instruments", "models", "service")
BANNED_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib"}
BANNED_MODULES |= {"shelve", "marshal", "jsonpickle"}
MOST_BYTES = 512 * 1024 * 1024
"""How much more memory a reader may take for a file of a few kilobytes."""


class Evidence:
    """What a pickle does when somebody loads it: it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def bomb() -> bytes:
    """A .npz of 300 kB that says it holds 300 MB of zeros."""
    stream = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<c8", "fortran_order": False, "shape": (40_000_000,)}
    )
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("s", "frequency_hz"):
            archive.writestr(f"{name}.npy", header.getvalue() + bytes(1_000_000))
    return stream.getvalue()


def promise() -> bytes:
    """A .npz whose header promises 16 GB."""
    stream, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2_000_000_000,)}
    )
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("s.npy", header.getvalue())
    return stream.getvalue()


def objects(evidence: Evidence) -> bytes:
    """A .npz with an array of objects, which numpy would unpickle."""
    stream = io.BytesIO()
    np.savez(stream, s=np.array([evidence], dtype=object), frequency_hz=np.ones(1))
    return stream.getvalue()


def many_members() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}.npy", b"")
    return stream.getvalue()


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return Evidence(tmp_path / "it-ran")


@pytest.fixture
def hostile(evidence: Evidence) -> dict[str, bytes]:
    """Files by name; the suffix is what a reader would choose by."""
    pickled = pickle.dumps(evidence)
    line = "1e9 0 0 0 0 0 0 0 0\n"
    return {
        "pickle.npz": pickled,
        "pickle.s2p": pickled,
        "pickle.txt": pickled,
        "pickle.npy": pickled,
        "pickle.safetensors": pickled,
        "objects.npz": objects(evidence),
        "bomb.npz": bomb(),
        "promise.npz": promise(),
        "members.npz": many_members(),
        "cut.npz": bomb()[:5000],
        "ports.s999p": b"# Hz S RI R 50\n" + line.encode(),
        "ports.s0p": b"# Hz S RI R 50\n" + line.encode(),
        "nan.s2p": b"# Hz S RI R 50\n1e9 nan 0 0 0 0 0 0 0\n2e9 0 0 0 0 0 0 0 0\n",
        "inf.s1p": b"# Hz S RI R 50\n1e9 inf 0\n2e9 0 0\n",
        "huge.s1p": b"# Hz S RI R 50\n1e999 0 0\n2e999 0 0\n",
        "falling.s1p": b"# Hz S RI R 50\n2e9 0 0\n1e9 0 0\n",
        "line.s1p": b"# Hz S RI R 50\n" + b"1 " * 3_000_000,
        "null.s2p": b"\x00" * 100_000,
        "utf16.s2p": line.encode("utf-16"),
        "deep.json": b"[" * 200_000,
        "deep.msgpack": b"\x91" * 200_000,
        "wide.msgpack": b"\xdd\xff\xff\xff\xff",
        "long.msgpack": b"\xc6\xff\xff\xff\xff",
        "python.yaml": (
            f"!!python/object/apply:os.mkdir ['{evidence.path}']\n".encode()
        ),
        "laughs.yaml": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n".encode()
            for p, n in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "safetensors.safetensors": b"\xff" * 8 + b"{}",
        "empty.npz": b"",
    }


def in_model_folder(read: Callable[[Path], Any]) -> Callable[[Path, str, bytes], Any]:
    def offer(folder: Path, name: str, content: bytes) -> Any:
        model = folder / "model"
        model.mkdir()
        try:
            for file in ("manifest.json", "report.json", "weights.safetensors"):
                (model / file).write_bytes(content)
            return read(model)
        finally:
            for file in model.iterdir():
                file.unlink()
            model.rmdir()

    return offer


def from_path(read: Callable[[Path], Any]) -> Callable[[Path, str, bytes], Any]:
    def offer(folder: Path, name: str, content: bytes) -> Any:
        path = folder / name
        path.write_bytes(content)
        return read(path)

    return offer


def decoded(body: bytes, read: Callable[[Any], Any]) -> None:
    for message in unpack_body(body):
        read(message)


def spooled(path: Path) -> None:
    folder = path.parent / f"spool-{path.name}"
    folder.mkdir()
    (folder / "spool.sqlite").write_bytes(path.read_bytes())
    Spool(folder, max_bytes=10_000_000, clock=SystemClock()).close()


READERS: dict[str, Callable[[Path, str, bytes], Any]] = {
    "open_measured_bytes": lambda folder, name, content: open_measured_bytes(
        content, name
    ),
    "open_measured_file": from_path(open_measured_file),
    "read_archive": from_path(read_archive),
    "read_npz": lambda folder, name, content: read_npz(content, name),
    "read_touchstone": lambda folder, name, content: read_touchstone(content, name),
    "read_trace_table": lambda folder, name, content: read_trace_table(content, name),
    "unpack_body": lambda folder, name, content: unpack_body(content),
    "unpack_json_body": lambda folder, name, content: unpack_json_body(content),
    "decode_sweep": lambda folder, name, content: decoded(content, decode_sweep),
    "decode_reading": lambda folder, name, content: decoded(content, decode_reading),
    "decode_poller_status": lambda folder, name, content: decoded(
        content, decode_poller_status
    ),
    "load_array_file": from_path(load_array_file),
    "load_scenario": from_path(load_scenario),
    "read_transcript": from_path(read_transcript),
    "load_model": in_model_folder(load_model),
    "read_folder": in_model_folder(read_folder),
    "decode_traces": lambda folder, name, content: decode_traces(
        content, ("S21",), 101
    ),
    "decode_interpolated": lambda folder, name, content: decode_interpolated(
        content, ("S21",), 101
    ),
    "decode_fitted": lambda folder, name, content: decode_fitted(
        content, ("S21",), 101
    ),
    "decode_alone": lambda folder, name, content: decode_alone(content, ("S21",), 101),
    "decode_leaning": lambda folder, name, content: decode_leaning(
        content, ("S21",), 101, {"S21": np.ones(101, np.complex64)}
    ),
    "decode_axis": lambda folder, name, content: decode_axis(content, 101),
    "settings file": from_path(
        lambda path: read_config({"HALOWATCH_SETTINGS_FILE": str(path)})
    ),
    "spool": from_path(spooled),
}


def attempt(
    read: Callable[[Path, str, bytes], Any], folder: Path, name: str, content: bytes
) -> Exception | None:
    try:
        read(folder, name, content)
    except Exception as error:  # noqa: BLE001 - which one is what is asked
        return error
    return None


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_runs_or_swells(reader, hostile, evidence, tmp_path):
    folder = tmp_path / "offered"
    folder.mkdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, content in hostile.items():
        error = attempt(READERS[reader], folder, name, content)
        if error is not None:
            ours = type(error).__module__.split(".")[0] in PACKAGES
            assert ours or isinstance(error, ValueError | OSError), (
                reader,
                name,
                error,
            )
            assert len(str(error)) < 2000, (reader, name)
        assert not evidence.path.exists(), (reader, name)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) * 1024 < MOST_BYTES


def test_the_evidence_works(evidence, tmp_path):
    """The proof above proves something: where it is unpickled, it does run."""
    pickle.loads(pickle.dumps(evidence))
    assert evidence.path.is_dir()
    evidence.path.rmdir()
    np.load(io.BytesIO(objects(evidence)), allow_pickle=True)["s"]
    assert evidence.path.is_dir()
    evidence.path.rmdir()
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(f"!!python/object/apply:os.mkdir ['{evidence.path}']")
    assert not evidence.path.exists()


def sources(root: Path) -> Iterator[tuple[Path, ast.AST]]:
    for package in (*PACKAGES, "migrations"):
        for path in sorted((root / package).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_no_line_could_unpickle(root):
    wrong = []
    for path, tree in sources(root):
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            wrong += [
                f"{path}:{node.lineno} imports {name}"
                for name in names
                if name.split(".")[0] in BANNED_MODULES
            ]
        for name, call in calls(tree):
            allowed = {one.arg: ast.unparse(one.value) for one in call.keywords}
            is_wrong = (
                name in ("eval", "exec", "yaml.load", "yaml.unsafe_load", "torch.load")
                or name.endswith((".read_pickle", ".to_pickle"))
                # Made of arrays it is harmless; of a file it unpickles.
                or (name.endswith(".Network") and (call.args or "file" in allowed))
                or allowed.get("allow_pickle", "False") != "False"
                or (
                    name in ("np.load", "numpy.load")
                    and allowed.get("allow_pickle") != "False"
                )
            )
            if is_wrong:
                wrong.append(f"{path}:{call.lineno} calls {name}")
    assert wrong == []


def test_msgpack_knows_no_types_of_its_own():
    body = msgpack.packb(msgpack.ExtType(42, b"x"))
    with pytest.raises(MeasurementError):
        decoded(body, decode_sweep)


def test_every_reader_of_files_is_in_the_list():
    """A reader that is added must be added above too."""
    found = set()
    for name in ("instruments.files", "models.serving"):
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            loaded = importlib.import_module(module.name)
            found |= {
                known
                for known, value in vars(loaded).items()
                if known.startswith(("read_", "open_", "load_"))
                and getattr(value, "__module__", "") == module.name
            }
    inner = {"read_text", "read_header", "read_headers", "read_lines"}
    assert found - inner <= set(READERS), found - inner - set(READERS)
