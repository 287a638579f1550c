"""The peer, as a process of its own: `python -m bench.ingest.peer FOLDER [CHARACTERS]`.

LangChain's loader over unstructured, RecursiveCharacterTextSplitter, sentence-transformers, FAISS,
at their defaults, or with passages of so many characters; but for unstructured's language model,
which it would download: a blank one, which is faster, stands in its place. Prints as JSON the
seconds from the first file to the store, what was read, and the share of its tokens that the
embedder read: it cuts what is longer than its window.
"""

import json
import sys
import time
from pathlib import Path

import spacy
from langchain_community.document_loaders import UnstructuredFileLoader
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter
from unstructured.nlp import tokenize

from bench.quality.langchain_pipeline import SentenceTransformerEmbeddings
from services.settings import Settings, set_quiet_offline
from services.wiring import checked_model, open_embedder

_SIZED = 2
# Two tokens of each text are marks: its begin and its end.
_MARKS = 2


def main() -> None:
    """Ingest a folder."""
    set_quiet_offline()
    _, folder = checked_model(Settings.load(), Settings.load().embedding_model, "embedding")
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    setattr(tokenize, "_get_nlp", lambda: pipeline)  # noqa: B010
    embeddings = SentenceTransformerEmbeddings(folder)
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    began = time.perf_counter()
    documents: list[Document] = []
    failed = 0
    for file in files:
        try:
            documents += UnstructuredFileLoader(str(file)).load()
        except Exception:  # noqa: BLE001 - whatever a parser raises: the peer goes on to the next
            failed += 1
    splitter = (
        RecursiveCharacterTextSplitter(chunk_size=int(sys.argv[2]), chunk_overlap=0)
        if len(sys.argv) > _SIZED
        else RecursiveCharacterTextSplitter()
    )
    chunks = splitter.split_documents(documents)
    FAISS.from_documents(chunks, embeddings)
    told = {
        "seconds": time.perf_counter() - began,
        "documents": len(files) - failed,
        "failed": failed,
        "passages": len(chunks),
        "share_embedded": _share_embedded([one.page_content for one in chunks]),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _share_embedded(texts: list[str]) -> float:
    embedder = open_embedder(Settings.load())
    most = embedder.card.max_tokens - _MARKS
    sizes = embedder.count_tokens(texts)
    return sum(min(size, most) for size in sizes) / sum(sizes)


if __name__ == "__main__":
    main()
