"""Which tools could be taken for another one, so that a request for the one is no proof that none fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

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
add_todo set_alarm start_timer create_event add_medication
create_event book_service book_viewing teach_me
season_record last_result head_to_head
find_court_case case.details
current_weather weather_forecast storm_warnings
find_events next_concert
find_doctor find_nearby counter_hours
set_homework add_todo
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
KEEPERS = frozenset(("remember", "write_file", "add_task", "add_todo"))
_KIN = """
read_file list_files search_files find_files write_file edit_file move_file delete_file shell python
read_file read_document query_table aggregate_table query_json query_database change_database shell python
calculator convert_units python shell
clock convert_time find_date date_difference calculator python shell
remember recall forget add_task list_tasks finish_task write_file add_todo
fetch_page search_web shell python web_search load_page
git shell
"""
KIN = tuple(frozenset(line.split()) for line in _KIN.split("\n") if line)
"""Built-in tools of which one might do, with some trouble, what another one is for."""
ALWAYS = frozenset(("ask_user", "read_result"))
"""Tools whose requests can be met without them, or make no sense then."""
_COVERS = """
convert_units: units, numbers, cooking
convert_time: date arithmetic, timers, calendar
find_date: date arithmetic, timers, calendar
date_difference: date arithmetic, timers, calendar
add_task: todo, timers, calendar
list_tasks: todo, calendar
finish_task: todo
query_database: databases
change_database: databases
query_table: databases, numbers
aggregate_table: databases, numbers
read_document: documents
git: git, code
python: code, numbers, text tools, chances and samples
fetch_page: web
search_web: web
move_file: documents, archives_zip, photos
delete_file: documents, archives_zip, photos
find_files: documents, photos
edit_file: documents, text tools, code
"""
COVERS = {
    name: frozenset(domains.strip().split(", "))
    for name, _, domains in (line.partition(":") for line in _COVERS.split("\n") if line)
}
"""Domains of which a built-in tool could do something."""
_MEASURED = (
    r"seconds?|minutes?|hours?|days?|weeks?|months?|years?|kg|grams|met(?:re|er)s|centimetres|celsius|fahrenheit"
)
MEASURED = re.compile(rf"\b({_MEASURED})\b", re.IGNORECASE)
TO_DO = re.compile(r"remind|to.?do|task|don't forget", re.IGNORECASE)
DOCUMENTS = (".pdf", ".docx")
PICTURES = (".png", ".jpg")
TO_THE_HOUSE = re.compile(r"\b(scene|mood|house|home|lights?|lamps?|blinds|mode)\b", re.IGNORECASE)
"""Without one of these words, what starts a scene of the home ("going to sleep") is talk where no tool does."""


AGGREGATED = re.compile(
    r"\b(?:sum|total|add up|average|mean|together|how many|count|highest|largest|biggest|maximum|lowest|smallest|"
    r"minimum|most|least)\b"
)
"""Words of a request for one figure of a table's rows."""
OF_EACH = re.compile(r"\b(?:per|by|for each|over|above|more than|greater than|below|under|less than|between|run)\b|>|<")
"""Words of one that takes SQL."""


def apart(names: Collection[str], name: str) -> bool:
    """Whether a tool may be offered beside the others."""
    return not any(name in same and same & {*names} - {name} for same in SAME)


def could_do(offered: Collection[str], entry: ToolEntry, ask: str) -> bool:
    """Whether an offered tool could be meant by this request for another one."""
    if any(entry.name in near and near & {*offered} for near in NEAR):
        return True
    if {"web_search", "search_web"} & {*offered} and entry.domain in ON_THE_WEB:
        return True
    if entry.domain == "builtin" and (
        entry.name in ALWAYS or any(entry.name in kin and kin & {*offered} for kin in KIN)
    ):
        return True
    if entry.domain in covered(offered):
        return True
    if entry.name == "run_scene" and not TO_THE_HOUSE.search(SLOT.sub("", ask)):
        return True
    return entry.domain != "builtin" and bool(KEEPERS & {*offered}) and bool(TO_KEEP.search(ask))


def covered(offered: Collection[str]) -> frozenset[str]:
    """The domains of which one of these tools could do something."""
    return frozenset().union(*(COVERS.get(name, frozenset()) for name in offered))


def is_for_another(name: str, ask: str, offered: Collection[str]) -> bool:
    """Whether this way to ask for a built-in tool is more for another one that is offered."""
    if name == "calculator" and "convert_units" in offered:
        return len({*MEASURED.findall(ask.lower())}) > 1 and len(SLOT.findall(ask)) < 2
    if name == "query_table" and "aggregate_table" in offered:
        return bool(AGGREGATED.search(ask.lower())) and not OF_EACH.search(ask.lower())
    return name == "remember" and "add_task" in offered and bool(TO_DO.search(ask))


def is_clear(name: str, arguments: Mapping[str, Any], offered: Collection[str]) -> bool:
    """Whether a call with these arguments is plainly meant, whatever else is offered."""
    path = str(arguments.get("path", "")).lower()
    match name:
        case "read_file":
            table = path.endswith((".csv", ".tsv")) and bool({"query_table", "aggregate_table"} & {*offered})
            made = path.endswith(".json") and bool({"query_json", "query_table"} & {*offered})
            return not (path.endswith(DOCUMENTS + PICTURES) or table or made)
        case "write_file":
            return not path.endswith(DOCUMENTS + PICTURES)
        case "shell":
            first = str(arguments.get("command", "")).partition(" ")[0]
            return first not in {*offered}
        case _:
            return True
