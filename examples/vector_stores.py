"""Vectors in a store that LangChain speaks to, here Qdrant (`pip install langchain-qdrant`).

Set FOOTNOTE_VECTOR_STORE=examples/vector_stores.py:qdrant.
"""

import os

from langchain_core.embeddings import Embeddings
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

# In a folder; a server is QdrantClient(url="http://qdrant:6333").
CLIENT = QdrantClient(path=os.environ.get("QDRANT_FOLDER", "data/qdrant"))


def qdrant(name: str, embeddings: Embeddings) -> QdrantVectorStore:
    """Return the store of that name, made if it is not there yet."""
    if not CLIENT.collection_exists(name):
        size = len(embeddings.embed_query(""))
        CLIENT.create_collection(name, VectorParams(size=size, distance=Distance.COSINE))
    return QdrantVectorStore(CLIENT, name, embeddings)
