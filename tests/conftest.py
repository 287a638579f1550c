"""What all tests share: quiet libraries, and the shared evaluation data where it is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.settings import set_quiet_offline

set_quiet_offline()
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def eval_folder() -> Path:
    """Return the folder of evaluation sets, or skip where it is absent."""
    folder = SHARED / "eval"
    if not folder.is_dir():
        pytest.skip("The evaluation data (../shared/eval) is not on this machine.")
    return folder


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep the environment and `.env` of this machine out of tests."""
    import os

    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    yield
