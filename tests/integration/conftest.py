"""Real models, loaded once; and tiny ones, made here. Pages that are drawn and read."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from reportlab.pdfgen.canvas import Canvas
from transformers import AutoTokenizer, BertConfig, PreTrainedModel

from ingest.reading.children import ReadingChildren
from ingest.reading.wire import Request
from services.domain.documents import Reading
from services.domain.media import kind_of
from services.engine import opening
from services.engine.catalogue import find_model, model_path
from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.engine.onnx_choice import Products, best_products
from services.engine.onnxruntime_embedder import OnnxruntimeEmbedder
from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder
from services.engine.threads import FreeCores
from services.settings import Settings
from services.wiring import open_generator


@pytest.fixture(scope="session")
def model_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = Path(tmp_path_factory.mktemp("models"))
    return Settings.load(data_dir=folder, context_tokens=1024, probe=False)


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """Return the folder of the bundled embedder."""
    source = find_model("all-minilm-l6-v2", "embedding")
    return model_path(source, Path())


@pytest.fixture(scope="session")
def torch_embedder(model_folder: Path) -> SentenceTransformersEmbedder:
    """Return the bundled embedder by sentence-transformers."""
    card = find_model("all-minilm-l6-v2", "embedding").card
    return SentenceTransformersEmbedder(model_folder, card, FreeCores(2))


@pytest.fixture(scope="session")
def onnx_embedder(model_folder: Path) -> OnnxruntimeEmbedder:
    """Return the bundled embedder by ONNX Runtime, as it runs on this machine."""
    return open_onnx(model_folder, best_products())


def open_onnx(folder: Path, products: Products) -> OnnxruntimeEmbedder:
    """Return the bundled embedder with products of a kind."""
    card = find_model("all-minilm-l6-v2", "embedding").card
    found = opening.open_onnx(folder, card, FreeCores(2), products)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def generator(model_settings: Settings) -> LlamaCppGenerator:
    opened = open_generator(model_settings)
    assert isinstance(opened, LlamaCppGenerator)
    return opened


SaveTinyBert: TypeAlias = Callable[[Path, type[PreTrainedModel], str], None]


@pytest.fixture(scope="session")
def save_tiny_bert() -> SaveTinyBert:
    """Return a function that saves a BERT of one layer and random weights that reads *letters*."""

    def save(folder: Path, kind: type[PreTrainedModel], letters: str) -> None:
        folder.mkdir()
        words = [
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            *letters,
            *(f"##{c}" for c in letters),
        ]
        (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        config.num_labels = 1
        kind(config).save_pretrained(folder, safe_serialization=True)
        AutoTokenizer.from_pretrained(folder).save_pretrained(folder)

    return save


@pytest.fixture(scope="session")
def reading_children() -> Iterator[ReadingChildren]:
    """Return children that read files."""
    children = ReadingChildren(silence_s=90)
    yield children
    children.close()


@pytest.fixture(scope="session")
def read(
    reading_children: ReadingChildren, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, bytes | str], Reading]:
    """Return a function that reads a file of a name with these bytes."""
    folder = Path(tmp_path_factory.mktemp("files"))

    def reading(name: str, data: bytes | str) -> Reading:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        with path.open("rb") as file:
            kind = kind_of(name, file)
        request = Request(name, kind.format, 100, 10_000_000, 2048, 300)
        return reading_children.read(path, request, lambda _done, _total: None)

    return reading


@pytest.fixture(scope="session")
def read_drawn(
    reading_children: ReadingChildren, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Callable[[Canvas], None]], Reading]:
    """Return a function that reads a PDF that is drawn, on pages of 500 by 700 points."""
    path = Path(tmp_path_factory.mktemp("pages")) / "a.pdf"

    def reading(draw: Callable[[Canvas], None]) -> Reading:
        into = io.BytesIO()
        canvas = Canvas(into, pagesize=(500, 700))
        draw(canvas)
        canvas.save()
        path.write_bytes(into.getvalue())
        request = Request("a.pdf", "pdf", 100, 10_000_000, 2048, 300)
        return reading_children.read(path, request, lambda _done, _total: None)

    return reading
