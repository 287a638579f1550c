"""`python -m services.api`: see `services/api/serving.py`."""

import gc
import sys


def main() -> None:
    """Import what serves, and serve."""
    # What is imported stays: the collector would look through all of it, a fifth of the time.
    gc.disable()
    from services.api.serving import serve
    from services.domain.errors import HouseError

    gc.freeze()
    gc.enable()
    try:
        serve()
    except HouseError as error:
        sys.exit(f"cannot start: {error}")


if __name__ == "__main__":
    main()
