"""Footnote in LangChain applications: as a retriever, as a chat model, as embeddings.

All three go to a running service over HTTP, with a key's permissions.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SecretStr
from typing_extensions import override

from services.client.httpx_client import FootnoteClient

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "user"}
_URL = "http://127.0.0.1:8400"


class FootnoteRetriever(BaseRetriever):
    """Passages as LangChain documents; `k` of them, from *collections* (None: all readable)."""

    url: str = _URL
    key: SecretStr
    collections: list[str] | None = None
    k: int = 10

    @override
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **given: Any
    ) -> list[Document]:
        most = int(given.get("k", self.k))
        body = {"query": query, "collections": self.collections, "limit": most}
        with FootnoteClient(self.url, self.key.get_secret_value()) as client:
            found = client.call("POST", "/v1/search", json=body)["passages"]
        return [_document(passage) for passage in found]


class FootnoteChatModel(BaseChatModel):
    """Answers with footnotes as a chat model: `footnote` (all documents that the key may read),
    `footnote/NAME` (a collection), `footnote-base` (the bare generator).

    Footnotes are in the message's `additional_kwargs["footnotes"]`.
    """

    url: str = _URL
    key: SecretStr
    model: str = "footnote"
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = Field(default=None, alias="stop_sequences")

    @property
    @override
    def _llm_type(self) -> str:
        return "footnote"

    @property
    @override
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "url": self.url}

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **given: Any,
    ) -> ChatResult:
        with FootnoteClient(self.url, self.key.get_secret_value()) as client:
            told = client.call(
                "POST", "/v1/chat/completions", json=self._body(messages, stop, given)
            )
        message = AIMessage(
            content=told["choices"][0]["message"]["content"] or "",
            additional_kwargs=_extras(told),
            response_metadata={
                "model_name": told["model"],
                "finish_reason": told["choices"][0]["finish_reason"],
            },
            usage_metadata=_usage(told["usage"]),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **given: Any,
    ) -> Iterator[ChatGenerationChunk]:
        body = self._body(messages, stop, given)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        with FootnoteClient(self.url, self.key.get_secret_value()) as client:
            for told in client.chunks("/v1/chat/completions", body):
                chunk = ChatGenerationChunk(message=_chunk(told))
                if run_manager is not None and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _body(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, given: dict[str, Any]
    ) -> dict[str, Any]:
        said = [{"role": _ROLES.get(one.type, "user"), "content": one.text} for one in messages]
        wanted = {
            "temperature": given.get("temperature", self.temperature),
            "max_tokens": given.get("max_tokens", self.max_tokens),
            "stop": stop or self.stop,
        }
        set_ones = {name: value for name, value in wanted.items() if value is not None}
        return {"model": self.model, "messages": said, **set_ones}


class FootnoteEmbeddings(Embeddings):
    """The service's own embedder."""

    def __init__(self, key: str, url: str = _URL) -> None:
        self._key = key
        self._url = url

    @override
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if not texts:
            return []
        body = {"model": "footnote-embedding", "input": texts}
        with FootnoteClient(self._url, self._key) as client:
            told = client.call("POST", "/v1/embeddings", json=body)
        return [one["embedding"] for one in told["data"]]

    @override
    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def _document(passage: dict[str, Any]) -> Document:
    about = {name: value for name, value in passage.items() if name != "text"}
    return Document(page_content=passage["text"], metadata=about, id=str(passage["id"]))


def _chunk(told: dict[str, Any]) -> AIMessageChunk:
    if not told["choices"]:
        return AIMessageChunk(content="", usage_metadata=_usage(told["usage"]))
    choice = told["choices"][0]
    about = {}
    if choice["finish_reason"] is not None:
        about = {"model_name": told["model"], "finish_reason": choice["finish_reason"]}
    return AIMessageChunk(
        content=choice["delta"].get("content") or "",
        additional_kwargs=_extras(told),
        response_metadata=about,
    )


def _extras(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in ("footnotes", "answered", "trace_id") if name in told}


def _usage(told: dict[str, Any]) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=told["prompt_tokens"],
        output_tokens=told["completion_tokens"],
        total_tokens=told["total_tokens"],
    )
