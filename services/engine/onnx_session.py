"""Sessions of ONNX Runtime."""

from pathlib import Path

import onnxruntime


def cpu_session(model: bytes | Path) -> onnxruntime.InferenceSession:
    """Return a session whose runs take one core each: that of who calls."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(model) if isinstance(model, Path) else model,
        options,
        providers=["CPUExecutionProvider"],
    )
