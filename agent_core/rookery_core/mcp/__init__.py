"""The Model Context Protocol, both ways: servers' tools used as plugins' are, and our tools for other assistants.

Only `connection` and `offering` import the protocol's library, and they only where it is needed.
"""
