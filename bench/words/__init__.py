"""Search by words beside a peer."""
