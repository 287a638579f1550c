"""The peer, as a process of its own: `python -m bench.ingest.peer FOLDER`.

LangChain's loader over unstructured, RecursiveCharacterTextSplitter, sentence-transformers, FAISS,
at their defaults; but for unstructured's language model, which it would download: a blank one,
which is faster, stands in its place. Prints as JSON the seconds from the first file to the store,
and what was read.
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
from services.wiring import checked_model


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
    chunks = RecursiveCharacterTextSplitter().split_documents(documents)
    FAISS.from_documents(chunks, embeddings)
    seconds = time.perf_counter() - began
    told = {"seconds": seconds, "documents": len(files) - failed, "failed": failed}
    sys.stdout.write(json.dumps(told | {"passages": len(chunks)}) + "\n")


if __name__ == "__main__":
    main()
