"""Arithmetic and units, worked out in a process of their own.

    tools -> process  ~~ lines of JSON ~~  child -> expression -> tokens, quantity -> arithmetic
                                                 -> units (pint)

`tools` is the plugin. What the child imports knows nothing of Rookery, so that it starts fast and stays small.
"""
