"""What is loaded and from where: S3, S5 of the bar. S1 and S2 are `tests/e2e/test_no_egress.py`."""

import shutil
from pathlib import Path

import pytest

from services.domain.errors import ModelFileError
from services.engine.catalogue import catalogue, model_path, verify_files
from tests.bar.conftest import Figure


def test_s3_a_flipped_byte_in_any_model_file_is_refused(tmp_path: Path, figure: Figure) -> None:
    refused = files = 0
    for source in catalogue():
        if source.package is None:
            continue
        folder = tmp_path / source.card.name
        shutil.copytree(model_path(source, tmp_path), folder, ignore=_nothing_but(source.files))
        assert verify_files(source, folder) == len(source.files)
        for name in source.files:
            file = folder / name
            with file.open("r+b") as opened:
                opened.seek(file.stat().st_size // 2)
                byte = opened.read(1)
                opened.seek(-1, 1)
                opened.write(bytes([byte[0] ^ 1]))
                opened.flush()
                files += 1
                with pytest.raises(ModelFileError, match="not the one that was pinned"):
                    verify_files(source, folder)
                refused += 1
                opened.seek(-1, 1)
                opened.write(byte)
        for bad in ("pytorch_model.bin", "weights.pt", "weights.pkl"):
            (folder / bad).write_bytes(b"")
            with pytest.raises(ModelFileError, match="runs code"):
                verify_files(source, folder)
            (folder / bad).unlink()
    assert files >= 11
    figure(
        "S3", f"{refused} of {files} files with one flipped bit refused; .bin, .pt, .pkl refused"
    )


def _nothing_but(files: object) -> "shutil._IgnoreFn":  # type: ignore[name-defined]
    wanted = set(files)  # type: ignore[call-overload]

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if (Path(folder) / name).is_file() and not any(one.endswith(name) for one in wanted)
        }

    return ignore
