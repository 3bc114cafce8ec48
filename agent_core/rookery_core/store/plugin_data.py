"""What plugins keep for themselves: a table of keys and values each, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rookery_core.approval.taint import OWN, Label, Ledger, recalled
from rookery_core.errors import ToolFailed
from rookery_core.store.db import Store
from rookery_core.store.labels import read, written
from rookery_core.text import storable

VALUE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PluginData:
    """The values of one plugin; safe from any thread."""

    store: Store
    plugin: str
    ledger: Ledger
    """Of the call that uses them."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        with self.store.reading() as db:
            found = db.conn.execute(
                "SELECT value, label FROM plugin_data WHERE plugin = ? AND key = ?", [self.plugin, storable(key)]
            ).fetchone()
        if found is None:
            return default
        self.ledger.take(recalled(read(found[1]), f"what the plugin {self.plugin} keeps as {key}"))
        return json.loads(found[0])

    def set(self, key: str, value: Any) -> None:
        """Keep a value. Raises ToolFailed for one that is no JSON, or is too large."""
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError) as exc:
            raise ToolFailed(f"the value of {key!r} cannot be kept: {exc}") from exc
        if len(text) > VALUE_BYTES:
            raise ToolFailed(f"the value of {key!r} cannot be kept: it has {len(text)} bytes, {VALUE_BYTES} at most")
        with self.store.writing() as db:
            db.conn.execute(
                "INSERT INTO plugin_data (plugin, key, value, label) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value, label = excluded.label",
                [self.plugin, storable(key), text, written(self.ledger.gives, self.store.redact)],
            )

    def delete(self, key: str) -> bool:
        """Forget a key; False when there is none."""
        with self.store.writing() as db:
            gone = db.conn.execute("DELETE FROM plugin_data WHERE plugin = ? AND key = ?", [self.plugin, storable(key)])
            return gone.rowcount > 0

    def keys(self, prefix: str = "") -> list[str]:
        """The keys with this beginning, sorted."""
        with self.store.reading() as db:
            rows = db.conn.execute("SELECT key FROM plugin_data WHERE plugin = ? ORDER BY key", [self.plugin])
            return [key for (key,) in rows if key.startswith(prefix)]


def not_trusted(store: Store) -> list[tuple[str, str, Label]]:
    """What plugins keep that is not the person's word: the plugin, the key, the label."""
    with store.reading() as db:
        rows = db.conn.execute("SELECT plugin, key, label FROM plugin_data ORDER BY plugin, key").fetchall()
    labelled = [(plugin, key, read(label)) for plugin, key, label in rows]
    return [each for each in labelled if each[2].untrusted]


def vouch(store: Store, plugin: str, key: str) -> bool:
    """Take what a plugin keeps for the person's own, as they say that it is; False when there is none of that key."""
    with store.writing() as db:
        done = db.conn.execute(
            "UPDATE plugin_data SET label = ? WHERE plugin = ? AND key = ?", [written(OWN, store.redact), plugin, key]
        )
        return done.rowcount > 0
