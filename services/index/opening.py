"""Which device vectors are searched on."""

from services.domain.errors import SettingsError
from services.index.faiss_vectors import FaissVectorIndex, gpus
from services.index.matrices import DeviceError


def open_vectors(device: str, dimension: int) -> FaissVectorIndex:
    """Return an empty index of vectors of *dimension* numbers on *device*: cpu, gpu, or auto for
    the GPU where there is one. SettingsError if a GPU that is asked for cannot be used.
    """
    if device == "cpu" or (device == "auto" and gpus() == 0):
        return FaissVectorIndex(dimension)
    # It imports torch, which takes seconds, and which a search on the CPU does not need.
    from services.index.faiss_gpu_matrix import GpuMatrix, open_gpu

    try:
        resources = open_gpu()
    except DeviceError as error:
        if device == "gpu":
            message = f"FOOTNOTE_INDEX_DEVICE=gpu: {error}; or set it to auto."
            raise SettingsError(message) from error
        return FaissVectorIndex(dimension)
    return FaissVectorIndex(dimension, lambda: GpuMatrix(dimension, resources))
