"""Texts as vectors: the pieces that BERT makes, and what is near to what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rookery_core.embeddings.static import StaticEmbedding, shipped
from rookery_core.embeddings.wordpiece import pieces

VOCABULARY = shipped()._vocabulary
NAMES = {n: piece for piece, n in VOCABULARY.items()}


@pytest.mark.parametrize(
    ("text", "split"),
    [  # as the tokenizers library splits them
        ("Don't re-open my_file.TXT!", "don ' t re - open my _ file . tx ##t !"),
        ("Größe naïve café", "gr ##o ##ße naive cafe"),
        ("unaffableness 3.14 $5", "una ##ffa ##ble ##ness 3 . 14 $ 5"),
        ("a\tb\x00c\u200dd", "a bc ##d"),
        ("İstanbul", "istanbul"),
        ("你好 world", "world"),
        ("🙂 ok", "ok"),
        ("x" * 101 + " y", "y"),
        ("", ""),
    ],
)
def test_a_text_is_split_as_bert_splits_it(text: str, split: str) -> None:
    assert " ".join(NAMES[n] for n in pieces(text, VOCABULARY)) == split


def test_the_table_has_a_row_for_each_piece() -> None:
    packed, scale = shipped()._table
    assert len(VOCABULARY) == len(packed) == len(scale) == 29_523
    assert packed.shape[1] == 128


def test_a_vector_has_length_one_and_nothing_known_has_none() -> None:
    made = shipped().vectors(["a sentence", "", "\U00012000", "word " * 100_000])
    assert made.shape == (4, 256)
    assert np.linalg.norm(made, axis=1) == pytest.approx([1, 0, 0, 1], abs=1e-5)
    assert shipped().vectors([]).shape == (0, 256)


def test_what_means_nearly_the_same_is_nearer_than_what_shares_words() -> None:
    asked, same, words = shipped().vectors(["is it going to rain", "weather forecast", "is it going to stop"])
    assert asked @ same > asked @ words


def test_numbers_are_unpacked_as_they_were_packed(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("a\n##b\nc\n", encoding="utf-8")
    packed = np.array([[(3 + 8) << 4 | (-4 + 8)], [8 << 4 | 8], [8 << 4 | (7 + 8)]], np.uint8)
    np.savez(tmp_path / "table.npz", packed=packed, scale=np.array([1, 1, 2], np.float16))
    made = StaticEmbedding(tmp_path).vectors(["a", "c", "ab"])
    assert made == pytest.approx(np.array([[0.6, -0.8], [0.0, 1.0], [0.6, -0.8]], np.float32))
