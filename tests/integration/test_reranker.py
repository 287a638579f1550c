"""A cross-encoder from a local folder: a tiny one, made here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import BertForSequenceClassification

from services.domain.errors import ModelFileError
from services.engine.cross_encoder_reranker import CrossEncoderReranker
from services.settings import Settings
from services.wiring import open_reranking

SaveTinyBert = Callable[..., None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, save_tiny_bert: SaveTinyBert) -> Path:
    made = Path(tmp_path_factory.mktemp("reranker")) / "tiny"
    save_tiny_bert(made, BertForSequenceClassification, "abcdefghijklmnopqrstuvwxyz")
    return made


def test_it_scores_pairs_and_keeps_its_budget(folder: Path) -> None:
    settings = Settings.load(reranking_model=str(folder), rerank_seconds=30)
    reranking = open_reranking(settings)
    assert reranking is not None
    assert isinstance(reranking.reranker, CrossEncoderReranker)
    texts = [f"text number {i}" for i in range(20)]

    scores = reranking.reranker.scores("a question", texts, 30)
    in_no_time = reranking.reranker.scores("a question", texts, 0)

    assert len(scores) == 20
    assert all(0 < score < 1 for score in scores)
    assert in_no_time == []
    assert reranking.reranker.scores("a question", texts, 30) == pytest.approx(scores, abs=1e-5)


def test_none_is_set_none_is_opened() -> None:
    assert open_reranking(Settings.load()) is None


def test_a_model_whose_files_run_code_is_refused(folder: Path) -> None:
    bad = folder / "pytorch_model.bin"
    bad.write_bytes(json.dumps({}).encode())
    try:
        with pytest.raises(ModelFileError, match="runs code"):
            open_reranking(Settings.load(reranking_model=str(folder)))
    finally:
        bad.unlink()
