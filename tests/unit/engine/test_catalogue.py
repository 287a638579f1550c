"""Models are checked before anything opens them."""

import hashlib
from pathlib import Path

import pytest

from services.domain.errors import ModelFileError
from services.engine import ModelCard
from services.engine.catalogue import ModelSource, catalogue, find_model, model_path, verify_files


def source(files: dict[str, str]) -> ModelSource:
    card = ModelCard("m", "embedding", frozenset({"en"}), 1, 1)
    return ModelSource(card, files=files)


def test_every_model_says_what_it_reads_and_needs() -> None:
    for one in catalogue():
        assert one.card.languages
        assert one.card.memory_bytes >= one.card.bytes
        assert one.package or one.repository


def test_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    pinned = hashlib.sha256(b"weights").hexdigest()
    assert verify_files(source({"model.safetensors": pinned}), tmp_path) == 1

    (tmp_path / "model.safetensors").write_bytes(b"Weights")

    with pytest.raises(ModelFileError, match="not the one that was pinned"):
        verify_files(source({"model.safetensors": pinned}), tmp_path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"config\.json"):
        verify_files(source({"config.json": "0" * 64}), tmp_path)


def test_formats_that_run_code_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")

    with pytest.raises(ModelFileError, match="runs code"):
        verify_files(source({}), tmp_path)


def test_an_unknown_model_names_the_mend() -> None:
    with pytest.raises(ModelFileError, match="footnote models"):
        find_model("nothing-such", "embedding")


def test_a_model_that_was_not_pulled_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="footnote models pull bge-m3"):
        model_path(find_model("bge-m3", "embedding"), tmp_path)
