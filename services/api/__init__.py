"""HTTP: the door of the house. Who asks, whether there is room, then one call into a room.

Every path but a short public list needs a key; the check stands in front of everything else, so
that a new route is closed until somebody opens it. Nobody below this room knows a status code.
"""
