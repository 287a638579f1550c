"""Which device vectors are searched on."""

from pathlib import Path

from services.domain.errors import SettingsError
from services.index import VectorIndex
from services.index.faiss_vectors import FaissVectorIndex, gpus
from services.index.generations import Stamp
from services.index.matrices import DeviceError


def open_vector_index(
    device: str, milvus_url: str | None, stamp: Stamp, folder: Path
) -> VectorIndex:
    """Return the index of the vectors that *stamp* describes: in Milvus where its address is set,
    else by FAISS on *device*. SettingsError if that cannot be, NotReadyError if Milvus is away.
    """
    if milvus_url is None:
        return open_vectors(device, stamp.dimension, folder)
    # It brings gRPC, which a service without Milvus need not load.
    from services.index.milvus_vectors import MilvusVectorIndex

    return MilvusVectorIndex(milvus_url, stamp.embedder, stamp.dimension)


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
