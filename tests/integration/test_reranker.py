"""A cross-encoder from a local folder: a tiny one, made here."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from services.domain.errors import ModelFileError
from services.engine.cross_encoder_reranker import CrossEncoderReranker
from services.settings import Settings
from services.wiring import open_reranking

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Path(tmp_path_factory.mktemp("reranker")) / "tiny"
    made.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS)]
    (made / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(made, safe_serialization=True)
    AutoTokenizer.from_pretrained(made).save_pretrained(made)
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
