"""Which tools could be taken for another one, so that a request for the one is no proof that none fits."""

from __future__ import annotations

import re
from collections.abc import Collection

from rookery_training.catalogue import SLOT, ToolEntry

SAME = (
    frozenset(("trace_shipment", "parcel_position")),
    frozenset(("soil_moisture", "field_moisture")),
    frozenset(("water_bed", "irrigate_field")),
)
"""They do the same, so they are never offered together."""
_NEAR = """
find_hotel_room book_hotel
train_departures next_departures find_flights plan_route line_disruptions
send_mail send_text
news_about top_headlines follow_topic
open_ticket create_issue
add_task set_alarm start_timer create_event add_medication
create_event book_service book_viewing teach_me
season_record last_result head_to_head
find_court_case case.details
current_weather weather_forecast storm_warnings
find_events next_concert
find_doctor find_nearby counter_hours
set_homework add_task
log_workout log_walk steps_on
stock_level low_stock_list product_price
set_out_of_office request_leave
roll_dice random_number shell
next_meeting day_agenda
sweep_log robot_report
recall find_contact
recall search_files
remember write_file
list_files search_files
"""
NEAR = SAME + tuple(frozenset(line.split()) for line in _NEAR.split("\n") if line)
"""What one of them is asked for, another one could do, or nearly."""
_ON_THE_WEB = """
weather news jobs films books sports games music events travel cooking health shopping cars legal garden money
"""
ON_THE_WEB = frozenset(_ON_THE_WEB.split()) | {
    "records of courts and leagues",
    "real estate",
    "maps and routes",
    "post office",
    "social media",
    "logistics",
}
ON_THE_WEB |= {"public transport", "restaurants", "charity"}
"""Domains of which a search of the web would find out something."""
TO_KEEP = re.compile(
    r"\b(notes?|noted|log|logged|record|remember|remind|jot|write .{0,30}down|keep|save|store|enter|diary|logbook)\b",
    re.IGNORECASE,
)
"""Words of a request that a kept note or a file would meet as well."""
KEEPERS = frozenset(("remember", "write_file", "add_task"))
TO_THE_HOUSE = re.compile(r"\b(scene|mood|house|home|lights?|lamps?|blinds|mode)\b", re.IGNORECASE)
"""Without one of these words, what starts a scene of the home ("going to sleep") is talk where no tool does."""


def apart(names: Collection[str], name: str) -> bool:
    """Whether a tool may be offered beside the others."""
    return not any(name in same and same & {*names} - {name} for same in SAME)


def could_do(offered: Collection[str], entry: ToolEntry, ask: str) -> bool:
    """Whether an offered tool could be meant by this request for another one."""
    if any(entry.name in near and near & {*offered} for near in NEAR):
        return True
    if "web_search" in offered and entry.domain in ON_THE_WEB:
        return True
    if entry.name == "run_scene" and not TO_THE_HOUSE.search(SLOT.sub("", ask)):
        return True
    return entry.domain != "builtin" and bool(KEEPERS & {*offered}) and bool(TO_KEEP.search(ask))
