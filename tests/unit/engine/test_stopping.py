"""Stop strings."""

from services.engine.stopping import StopWatch


def told(stops: list[str], pieces: list[str]) -> str:
    watch = StopWatch(stops)
    text = ""
    for piece in pieces:
        text += watch.passed(piece)
        if watch.stopped:
            break
    return text + watch.rest()


def test_a_stop_string_over_two_pieces_never_shows() -> None:
    assert told(["<|end|>"], ["Hello <|e", "nd|> there"]) == "Hello "


def test_what_only_looked_like_a_stop_string_shows_in_the_end() -> None:
    assert told(["<|end|>"], ["a <|e", "lse"]) == "a <|else"


def test_without_stop_strings_everything_passes() -> None:
    assert told([], ["a", "b"]) == "ab"
