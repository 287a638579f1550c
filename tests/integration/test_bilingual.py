"""Documents of two languages in one passage."""

from ingest.embedding import NOT_STORED, embed_readable
from services.settings import Settings
from services.wiring import open_embedder

BOTH = (
    "Probation 试用期\n\nThe probation period is 6 months in Germany and 3 months in China.\n"
    "试用期：德国为6个月，中国为3个月。试用期内的离职通知期为两周。"
)
CHINESE = "HC-300 控制器的校准周期为每6个月一次，由设备部负责，结果记入台账。"


def test_what_says_as_much_in_english_is_found_by_meaning_too() -> None:
    both, chinese = embed_readable(open_embedder(Settings.load()), [BOTH, CHINESE])

    assert both.vector
    assert chinese == NOT_STORED
