"""Schema versions, applied at start in one transaction each."""
