"""What of the past is put before the model at the start of a turn: little, and only what clearly fits."""

from __future__ import annotations

from rookery_core.approval.taint import recalled
from rookery_core.events import Recalled
from rookery_core.memory.episodic import Episode, Episodes
from rookery_core.memory.notes import Note, Notes
from rookery_core.memory.query import overlap, words
from rookery_core.text import one_line

MIN_OVERLAP = 0.5
"""Share of the request's words that a memory must have; below it, a small model is distracted more than helped."""
MAX_CHARS = 300


def recall(query: str, *, episodes: Episodes, notes: Notes, session: str, limit: int) -> tuple[Recalled, ...]:
    """The notes and past turns of other sessions that fit the request; the best first, notes before episodes.

    A past turn that called tools for the same request is left out, so that they are called again.
    """
    found = [
        Recalled(
            source="note",
            ref=note.ref,
            text=one_line(note.text, MAX_CHARS),
            label=recalled(note.label, f"the note {note.ref}"),
        )
        for note in _notes(notes, query, limit)
    ]
    for episode in episodes.search(query, but_session=session):
        if episode.status != "answered" or _is_asked_again(query, episode):
            continue
        if overlap(query, f"{episode.asked} {episode.answer}") >= MIN_OVERLAP:
            ref = f"{episode.session}/{episode.turn}"
            label = recalled(episode.label, f"turn {episode.turn} of the session {episode.session}")
            found.append(Recalled(source="episode", ref=ref, text=told(episode.asked, episode.answer), label=label))
    return tuple(found[:limit])


def _is_asked_again(query: str, episode: Episode) -> bool:
    """Whether it is the same request, for which tools were called: what they say now counts, not what was said."""
    return bool(episode.done) and set(words(query)) == set(words(episode.asked))


def _notes(notes: Notes, query: str, limit: int) -> list[Note]:
    return [note for note in notes.search(query, limit) if overlap(query, note.text) >= MIN_OVERLAP / 2]


def told(asked: str, answer: str) -> str:
    """What is said of a past turn."""
    return one_line(f"Asked: {one_line(asked, MAX_CHARS // 2)} Answered: {answer}", MAX_CHARS)
