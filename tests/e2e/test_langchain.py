"""Footnote in LangChain, by LangChain's own tests for integrations, over a running service."""

from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import (
    ChatModelIntegrationTests,
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
)

from services.integrations.langchain_footnote import (
    FootnoteChatModel,
    FootnoteEmbeddings,
    FootnoteRetriever,
)

NAME = "langchain"
AT: dict[str, str] = {}


@pytest.fixture(autouse=True, scope="module")
def _documents(service: Any) -> None:
    text = (
        "# Leave\n\nEvery employee has 27 days of paid leave a year. Unused days expire in March."
    )
    service.upload("leave.md", text.encode(), collection=NAME)
    for number in range(9):
        note = f"Note {number} tells how paid leave is asked for in office {number}."
        service.upload(f"note{number}.txt", note.encode(), collection=NAME)
    service.wait_until_rested(NAME)
    AT.update(url=service.url, key=service.key)


class TestRetriever(RetrieversIntegrationTests):
    """What LangChain asks of a retriever."""

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        """The class."""
        return FootnoteRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        """Its arguments."""
        return {**AT, "collections": [NAME]}

    @property
    def retriever_query_example(self) -> str:
        """A query that finds something."""
        return "paid leave"


class TestEmbeddings(EmbeddingsIntegrationTests):
    """What LangChain asks of embeddings."""

    @property
    def embeddings_class(self) -> type[Embeddings]:
        """The class."""
        return FootnoteEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        """Its arguments."""
        return dict(AT)


class TestChatModel(ChatModelIntegrationTests):
    """What LangChain asks of a chat model that calls no tools."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        """The class."""
        return FootnoteChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        """Its arguments."""
        return {**AT, "model": "footnote-base", "max_tokens": 24}

    @property
    def has_tool_calling(self) -> bool:
        """No."""
        return False

    @property
    def has_structured_output(self) -> bool:
        """Not through tools."""
        return False


def test_an_answer_brings_its_footnotes_into_a_chain() -> None:
    model = FootnoteChatModel(**AT, model=f"footnote/{NAME}")

    told = model.invoke("How many days of paid leave does an employee have?")

    assert "27 days" in told.text
    assert "27 days of paid leave" in told.additional_kwargs["footnotes"][0]["quote"]
