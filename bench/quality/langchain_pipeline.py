"""The peer: what a LangChain tutorial builds, at its defaults, with the same two models.

Text as documents, RecursiveCharacterTextSplitter, the embedder through sentence-transformers,
FAISS, the four nearest chunks stuffed into the usual prompt of the hub (rlm/rag-prompt), llama.cpp.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_community.llms import LlamaCpp
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import Runnable
from langchain_text_splitters import RecursiveCharacterTextSplitter
from sentence_transformers import SentenceTransformer
from typing_extensions import override

# The default of a LangChain retriever.
_STUFFED = 4
# Its default window of 512 tokens does not hold four of its default chunks.
_WINDOW = 8192
_PROMPT = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved "
    "context to answer the question. If you don't know the answer, just say that you don't know. "
    "Use three sentences maximum and keep the answer concise.\n"
    "Question: {question}\nContext: {context}\nAnswer:"
)
_REFUSAL = re.compile(
    r"(?:don['’]t|do not|not) (?:know|have|provide|mention|contain|specif)|no information|unknown|"
    r"cannot (?:answer|be)|不知道|没有提到|未提及|无法",
    re.IGNORECASE,
)


class SentenceTransformerEmbeddings(Embeddings):
    """What HuggingFaceEmbeddings does, without its pin on an older hub client."""

    def __init__(self, folder: Path) -> None:
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    @override
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._model.encode(texts).tolist()
        return rows

    @override
    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class LangChainPipeline:
    """One corpus in a FAISS store, and a chain that answers from it."""

    def __init__(self, embedder: Path, generator: Path) -> None:
        self._embeddings = SentenceTransformerEmbeddings(embedder)
        self._model = LlamaCpp(
            model_path=str(generator), n_ctx=_WINDOW, temperature=0.0, verbose=False
        )
        self._store: FAISS | None = None

    def add(self, corpus: Sequence[Mapping[str, Any]]) -> None:
        """Start a new store from a set's rows."""
        documents = [
            Document(
                f"{row.get('title', '')}\n{row['text']}".strip(), metadata={"source": row["id"]}
            )
            for row in corpus
        ]
        chunks = RecursiveCharacterTextSplitter().split_documents(documents)
        self._store = FAISS.from_documents(chunks, self._embeddings)

    def search(self, question: str, limit: int) -> list[str]:
        """Return the ids of the nearest chunks' documents."""
        found = self._found(question, limit)
        return list(dict.fromkeys(str(one.metadata["source"]) for one in found))

    def ask(self, question: str, most_tokens: int) -> str:
        """Return the chain's reply; none where four chunks are longer than the window, as the
        splitter does not bound the tokens of a text without its separators.
        """
        context = "\n\n".join(one.page_content for one in self._found(question, _STUFFED))
        chain: Runnable[dict[str, str], str] = (
            PromptTemplate.from_template(_PROMPT)
            | self._model.bind(max_tokens=most_tokens, stop=["\nQuestion:"])
            | StrOutputParser()
        )
        try:
            return chain.invoke({"question": question, "context": context})
        except ValueError:
            return ""

    @staticmethod
    def refuses(reply: str) -> bool:
        """Say whether a reply says that it does not know."""
        return not reply.strip() or _REFUSAL.search(reply) is not None

    def _found(self, question: str, limit: int) -> list[Document]:
        if self._store is None:
            message = "Nothing has been added."
            raise ValueError(message)
        documents: list[Document] = self._store.similarity_search(question, k=limit)
        return documents
