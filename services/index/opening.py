"""Where vectors are searched."""

from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import SettingsError
from services.index import VectorIndex
from services.index.faiss_vectors import FaissVectorIndex, gpus
from services.index.generations import Stamp
from services.index.matrices import DeviceError


@dataclass(frozen=True, slots=True)
class Place:
    """Where vectors are searched: in Milvus or a store of LangChain's if one is named, else by
    FAISS on *device*, with large files in *folder*.
    """

    device: str
    folder: Path
    milvus_url: str | None = None
    vector_store: str | None = None


def open_vector_index(place: Place, stamp: Stamp) -> VectorIndex:
    """Return the index of the vectors that *stamp* describes at *place*. SettingsError if that
    cannot be, NotReadyError if Milvus is away.
    """
    if place.milvus_url is not None and place.vector_store is not None:
        message = "Set FOOTNOTE_MILVUS_URL or FOOTNOTE_VECTOR_STORE, not both."
        raise SettingsError(message)
    # Others bring libraries which a service without them need not load.
    if place.milvus_url is not None:
        from services.index.milvus_vectors import MilvusVectorIndex

        return MilvusVectorIndex(place.milvus_url, stamp.embedder, stamp.dimension)
    if place.vector_store is not None:
        from services.index.langchain_vectors import LangChainVectorIndex

        return LangChainVectorIndex(place.vector_store, stamp.dimension)
    return open_vectors(place.device, stamp.dimension, place.folder)


def open_vectors(device: str, dimension: int, folder: Path | None = None) -> FaissVectorIndex:
    """Return an empty index of vectors of *dimension* numbers on *device*: cpu, gpu, or auto for
    the GPU where there is one. On the CPU many vectors lie in files of *folder* that vanish with
    the process. SettingsError if a GPU that is asked for cannot be used.
    """
    if device == "cpu" or (device == "auto" and gpus() == 0):
        return FaissVectorIndex(dimension, folder=folder)
    # It imports torch, which takes seconds, and which a search on the CPU does not need.
    from services.index.faiss_gpu_matrix import GpuMatrix, open_gpu

    try:
        resources = open_gpu()
    except DeviceError as error:
        if device == "gpu":
            message = f"FOOTNOTE_INDEX_DEVICE=gpu: {error}; or set it to auto."
            raise SettingsError(message) from error
        return FaissVectorIndex(dimension, folder=folder)
    return FaissVectorIndex(dimension, lambda: GpuMatrix(dimension, resources), folder)
