"""`python -m services.api`: see `services/api/serving.py`."""

import gc


def main() -> None:
    """Import what serves, and serve."""
    # What is imported stays: the collector would look through all of it, a fifth of the time.
    gc.disable()
    from services.api.serving import serve

    gc.freeze()
    gc.enable()
    serve()


if __name__ == "__main__":
    main()
