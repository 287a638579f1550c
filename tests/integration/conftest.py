"""Real models, loaded once."""

from pathlib import Path

import pytest

from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder
from services.settings import Settings
from services.wiring import open_embedder, open_generator


@pytest.fixture(scope="session")
def model_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load(data_dir=Path(tmp_path_factory.mktemp("models")), context_tokens=1024)


@pytest.fixture(scope="session")
def embedder(model_settings: Settings) -> SentenceTransformersEmbedder:
    opened = open_embedder(model_settings)
    assert isinstance(opened, SentenceTransformersEmbedder)
    return opened


@pytest.fixture(scope="session")
def generator(model_settings: Settings) -> LlamaCppGenerator:
    opened = open_generator(model_settings)
    assert isinstance(opened, LlamaCppGenerator)
    return opened
