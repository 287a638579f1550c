"""Stores of LangChain's that outlive who opened them, as those of a server do."""

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

MEMORIES: dict[str, InMemoryVectorStore] = {}
QDRANT = QdrantClient(":memory:")


def memory(name: str, embeddings: Embeddings) -> InMemoryVectorStore:
    return MEMORIES.setdefault(name, InMemoryVectorStore(embeddings))


def qdrant(name: str, embeddings: Embeddings) -> QdrantVectorStore:
    if not QDRANT.collection_exists(name):
        size = len(embeddings.embed_query("how long?"))
        QDRANT.create_collection(name, VectorParams(size=size, distance=Distance.COSINE))
    return QdrantVectorStore(QDRANT, name, embeddings)
