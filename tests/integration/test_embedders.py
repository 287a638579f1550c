"""The bundled embedding model by both libraries that may run it, for real."""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertModel

from services.engine import Embedded, Embedder, ModelCard, onnx_choice, opening
from services.engine import sentence_transformers_embedder as by_torch
from services.engine.bert_shape import bert_shape
from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder
from services.engine.threads import FreeCores
from tests.integration.conftest import SaveTinyBert, open_onnx

TEXTS = [
    "Employees have 23 days of paid leave.",
    "The moon orbits the earth. " * 60,
    "每位员工有23天年假。",
    "",
    "A 第三章 mixed line, with numbers like 4,200 and a code: X-77b/2.",
]


@pytest.fixture(params=["torch_embedder", "onnx_embedder"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    opened: Embedder = request.getfixturevalue(request.param)
    return opened


def likeness(some: Sequence[Embedded], others: Sequence[Embedded]) -> list[float]:
    return [float(one.vector @ other.vector) for one, other in zip(some, others, strict=True)]


def test_a_question_is_nearest_to_its_answer(embedder: Embedder) -> None:
    passages = embedder.embed_passages(
        ["Employees have 23 days of paid leave.", "The moon orbits the earth.", "Cats sleep."]
    )
    question = embedder.embed_question("How long is my vacation?")

    near = [float(p.vector @ question.vector) for p in passages]

    assert int(np.argmax(near)) == 0
    assert all(np.linalg.norm(p.vector) == pytest.approx(1, abs=1e-5) for p in passages)


def test_tokens_carry_their_places_in_the_text(embedder: Embedder) -> None:
    text = "How long is leave?"
    question = embedder.embed_question(text)

    assert len(question.tokens) == len(question.spans) > 0
    assert text[slice(*question.spans[0])] == "How"
    passage = embedder.embed_passages([text])[0]
    assert len(passage.tokens) == len(embedder.spans(text))
    norms = np.linalg.norm(passage.tokens.astype(np.float32), axis=1)
    assert norms == pytest.approx(127, abs=2)


def test_batching_changes_no_vector(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    alone = [embedder.embed_passages([text])[0] for text in TEXTS]

    assert min(likeness(together, alone)) > 0.9999


def test_lanes_give_each_text_its_own_vector_and_tokens(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Room {i} holds " + "chairs and tables " * (i * 7 % 23) for i in range(40)]
    monkeypatch.setattr(FreeCores, "taken", lambda *_: nullcontext(1))
    one_lane = embedder.embed_passages(texts)

    monkeypatch.setattr(FreeCores, "taken", lambda *_: nullcontext(3))
    several = embedder.embed_passages(texts)

    assert min(likeness(one_lane, several)) > 0.9999
    for text, one, other in zip(texts, one_lane, several, strict=True):
        assert len(one.tokens) == len(other.tokens) == len(embedder.spans(text))


def test_no_text_is_no_work(embedder: Embedder) -> None:
    assert embedder.embed_passages([]) == []


def test_a_long_text_is_cut_where_the_model_cuts(embedder: Embedder) -> None:
    long = "word " * 400
    passage = embedder.embed_passages([long, long + "and more"])

    assert len(passage[0].tokens) == len(embedder.spans(long)) == embedder.card.max_tokens == 256
    assert float(passage[0].vector @ passage[1].vector) > 0.9999
    assert embedder.count_tokens([long, "two words"]) == [400, 2]


def test_bfloat16_changes_vectors_by_less_than_they_differ(
    torch_embedder: SentenceTransformersEmbedder,
    model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_torch, "_HAS_BFLOAT16", False)
    exact = SentenceTransformersEmbedder(model_folder, torch_embedder.card, FreeCores(2))

    near = likeness(torch_embedder.embed_passages(TEXTS), exact.embed_passages(TEXTS))
    assert min(near) > 0.9999
    # The graph is the same model: in float32 it gives the same numbers.
    graph = open_onnx(model_folder, "exact")
    assert min(likeness(graph.embed_passages(TEXTS), exact.embed_passages(TEXTS))) > 0.99999
    for one, other in zip(graph.embed_passages(TEXTS), exact.embed_passages(TEXTS), strict=True):
        assert np.abs(one.tokens.astype(int) - other.tokens).max() <= 1


@pytest.mark.parametrize(("products", "least"), [("blocks", 0.998), ("fast", 0.998)])
def test_eight_bits_move_vectors_by_little(
    model_folder: Path,
    products: onnx_choice.Products,
    least: float,
) -> None:
    if products == "fast" and onnx_choice.best_products() != "fast":
        pytest.skip("This processor adds products of eight bits into sixteen.")
    texts = [text for text in TEXTS if text]
    exact = open_onnx(model_folder, "exact").embed_passages(texts)
    found = open_onnx(model_folder, products).embed_passages(texts)

    assert least < min(likeness(found, exact)) < 0.99999


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_another_bert_gives_what_sentence_transformers_gives(
    tmp_path: Path, save_tiny_bert: SaveTinyBert, pooling: str
) -> None:
    save_tiny_bert(tmp_path / "plain", BertModel, "abcdefghij")
    parts = [Transformer(str(tmp_path / "plain"), max_seq_length=20), Pooling(32, pooling)]
    SentenceTransformer(modules=parts, device="cpu").save(str(tmp_path / "made"))
    card = ModelCard("made", "embedding", frozenset({"*"}), 1, 1)

    ours = opening.open_onnx(tmp_path / "made", card, FreeCores(2), "exact")
    assert ours is not None
    theirs = SentenceTransformersEmbedder(tmp_path / "made", card, FreeCores(2))

    texts = ["abc def", "j " * 40, "cab"]
    assert ours.card == theirs.card
    assert ours.spans("cab j") == theirs.spans("cab j")
    assert min(likeness(ours.embed_passages(texts), theirs.embed_passages(texts))) > 0.999
    assert not len(ours.embed_question("cab").tokens)


@pytest.fixture
def made(tmp_path: Path, save_tiny_bert: SaveTinyBert) -> Path:
    """Return a folder with a tiny BERT that the graph can be built of."""
    save_tiny_bert(tmp_path / "plain", BertModel, "abcdefghij")
    parts = [Transformer(str(tmp_path / "plain")), Pooling(32)]
    SentenceTransformer(modules=parts, device="cpu").save(str(tmp_path / "made"))
    assert bert_shape(tmp_path / "made") is not None
    return tmp_path / "made"


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"model_type": "xlm-roberta"}),
        ("config.json", {"intermediate_size": 65}),
        ("config_sentence_transformers.json", {"prompts": {"query": "find: "}}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("1_Pooling/config.json", {"pooling_mode": "max"}),
    ],
)
def test_what_is_not_known_in_every_part_is_left_to_sentence_transformers(
    made: Path, file: str, change: dict[str, object]
) -> None:
    told = json.loads((made / file).read_text())
    (made / file).write_text(json.dumps(told | change))

    assert bert_shape(made) is None


def test_another_kind_of_model_or_a_gpu_is_left_to_sentence_transformers(
    made: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = ModelCard("made", "embedding", frozenset({"*"}), 1, 1)

    def opened(folder: Path) -> str:
        return type(opening.load_embedder(folder, card, FreeCores(1))).__name__

    monkeypatch.setattr(opening, "has_gpu", lambda: False)
    assert opened(model_folder) == "OnnxruntimeEmbedder"
    (made / "tokenizer.json").rename(made / "tokens.json")
    assert bert_shape(made) is None
    (made / "tokens.json").rename(made / "tokenizer.json")
    monkeypatch.setattr(opening, "has_gpu", lambda: True)
    assert opened(made) == "SentenceTransformersEmbedder"


@pytest.mark.parametrize(
    ("told", "best"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_vnni", "fast"),
        ("flags\t\t: fpu avx2 avx_vnni", "fast"),
        ("Features\t: fp asimd asimddp", "fast"),
        ("flags\t\t: fpu avx2 avx512f", "blocks"),
        ("processor\t: 0", "blocks"),
        (None, "blocks"),
    ],
)
def test_the_fast_products_are_for_processors_that_add_into_32_bits(
    told: str | None, best: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "cpuinfo"
    if told is not None:
        place.write_text(f"processor\t: 0\n{told}\n")
    monkeypatch.setattr(onnx_choice, "_CPUINFO", place)

    assert onnx_choice.best_products() == best


def test_a_service_on_a_cpu_starts_without_torch_and_later_without_building_graphs(
    tmp_path: Path,
) -> None:
    program = (
        "import sys, services.api.app\n"
        "from services.settings import Settings\n"
        "from services.wiring import open_embedder\n"
        f"open_embedder(Settings.load(data_dir={str(tmp_path)!r})).embed_question('How long?')\n"
        "print('torch' in sys.modules, 'onnx' in sys.modules)"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
        ).stdout
        for _ in range(2)
    )

    assert (first, second) == ("False True\n", "False False\n")


def test_a_kept_graph_gives_the_same_vectors(tmp_path: Path, model_folder: Path) -> None:
    card = ModelCard("all-minilm-l6-v2", "embedding", frozenset({"en"}), 1, 1)
    made = tmp_path / "made"
    first, second = (opening.load_embedder(model_folder, card, FreeCores(1), made) for _ in "12")

    one, other = (embedder.embed_question(TEXTS[0]) for embedder in (first, second))

    assert np.array_equal(one.vector, other.vector)
    assert np.array_equal(one.tokens, other.tokens)
    assert len(list(made.iterdir())) == 1
