"""A process that loads the default model, writes the first token after 1,900 tokens, says so, and ends.

python cold.py [FOLDER OF SAVED STATES]
"""

from __future__ import annotations

import os
import sys

from kit import an_engine, submit, text_tokens

if __name__ == "__main__":
    states = sys.argv[1] if len(sys.argv) > 1 else ""
    with an_engine(states=states, states_bytes=1 << 30) as engine:
        ear = submit(engine, text_tokens(engine, 1900, 3), 1)
        while not ear.stop:
            engine.step()
        print(ear.usage.cached_tokens, flush=True)
        os._exit(0)
