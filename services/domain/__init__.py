"""The words of the house: frozen values and one small tree of errors.

Invariants: nothing here imports another room, touches a disk or knows a library.
"""
