"""An embedder from a local folder that reads every language: a tiny one, made here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertModel

from services.answering.composing import model
from services.settings import Settings
from services.wiring import open_embedder

LETTERS = "abcdefghijklmnopqrstuvwxyz每位员工有年假天数多少"
SaveTinyBert = Callable[..., None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, save_tiny_bert: SaveTinyBert) -> Path:
    base = Path(tmp_path_factory.mktemp("embedder"))
    plain, made = base / "plain", base / "tiny-multilingual"
    save_tiny_bert(plain, BertModel, LETTERS)
    transformer = Transformer(str(plain), max_seq_length=64)
    SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu").save(str(made))
    return made


def test_a_local_embedder_is_taken_to_read_every_language(folder: Path) -> None:
    embedder = open_embedder(Settings.load(embedding_model=str(folder)))

    question = embedder.embed_question("每位员工有多少天年假")
    passage = embedder.embed_passages(["每位员工有年假"])[0]

    assert embedder.card.reads("zh")
    assert embedder.card.dimension == 32
    assert np.linalg.norm(question.vector) == pytest.approx(1, abs=1e-3)
    # Another model's tokens were never fitted: none are kept.
    assert len(question.tokens) == len(passage.tokens) == 0


def test_what_was_fitted_with_one_model_is_not_used_with_another() -> None:
    fitted, any_embedder, words = (
        model("en", name) for name in ("all-minilm-l6-v2", "tiny-multilingual", "")
    )

    weighed = [
        {name for name, weight in zip(one.features, one.weights, strict=True) if weight}
        for one in (fitted, any_embedder, words)
    ]
    assert "late_window" in weighed[0]
    assert "late_window" not in weighed[1]
    assert "likeness" in weighed[1]
    assert not weighed[2] & {"likeness", "late_window"}
