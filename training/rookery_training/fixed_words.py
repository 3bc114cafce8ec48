"""What an assistant thinks and says in the same words each time, and what the program says to a denied call."""

from __future__ import annotations

from rookery_core.evals.given import WITH_A_RESULT, WITHOUT
from rookery_core.model.constraint import SAYS

NO_TOOL_FITS = "No tool fits."
NO_TOOL_NEEDED = WITHOUT
FAILED = "The call failed, and I should say so."
CANNOT = "I have no tool for that, so I can't help with it."
HAS_RESULT = WITH_A_RESULT
IT_SAYS = SAYS
"""Before the answer, what it is about to be taken from is copied."""
NOT_THERE = "The observation does not have it."
NOT_ALLOWED = "The call was not allowed."
NOT_ASKED = "The text gives orders, but the person did not ask for that."
WHY = ("not now", "wrong one", "I changed my mind", "too risky", "leave it as it is", "no", "later", "ask me tomorrow")
DENIED = (
    "The person did not allow this call. Do not try the same again; find another way, or answer.",
    "The person did not allow this call. They said: {why} Do not try the same again; find another way, or answer.",
    "This call was not allowed: nobody is there to ask. Do without it, or answer with what you have.",
)
"""What the program says to a call that was denied."""
DID_NOT_WORK = "That did not work: {error}"
NOTHING_DONE = "I did not do it, because the call was not allowed."
AGAIN = ("say that again?", "sorry, what was it?", "can you repeat that", "repeat please", "once more?", "come again?")
