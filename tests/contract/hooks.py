"""Gives the fuzzer words of the company's rules. The document leaves them open, so nearly nothing of what it makes up
would get past the rules: it would never have a customer or a deal of its own whose fate it could follow.

Three of four requests that are meant to be good are helped; the others stay as they were made up.

What was called, and how often what one person reads was compared with what the other is told of it, is written down at
the end of a run, in the file that VISITED names: `reached.py` looks at it.
"""

import atexit
import itertools
import json
import os
import time
from typing import Any

import schemathesis
from schemathesis.specs.openapi import object_authorization

with open("company.json", encoding="utf-8") as file:
    PEOPLE = {person["login"]: person["id"] for person in json.load(file)["people"]}
NUMBER = itertools.count(int(time.time()) % 100_000 * 1000)
# What was really made, by the operation that makes it.
MADE: dict[str, list[str]] = {"createCustomer": [], "createDeal": []}
LEFT_OUT = object()
ANSWERED: set[str] = set()
DONE: set[str] = set()
COUNTED = {"calls": 0, "compared": 0}

# The tool does not say how often it compares: each comparison ends in this question.
leaks = object_authorization._leaks


def counted_leaks(*asked: Any) -> bool:
    COUNTED["compared"] += 1
    return leaks(*asked)


object_authorization._leaks = counted_leaks


def write_down() -> None:
    with open(os.environ.get("VISITED", os.devnull), "a", encoding="utf-8") as file:
        file.write(json.dumps({"answered": sorted(ANSWERED), "done": sorted(DONE), **COUNTED}) + "\n")


atexit.register(write_down)


def one_of(*all: Any) -> Any:
    return all[next(NUMBER) % len(all)]


def money() -> dict[str, Any]:
    return {"amount_minor": next(NUMBER) % 5_000_000 + 1, "currency": "CNY"}


def move() -> dict[str, Any]:
    to = one_of("graded", "contacted", "lead", "abandoned")
    return {"to": to, "from": None, "reason": "unreachable" if to == "abandoned" else None}


# What is good of a body under these rules, for each operation that takes one.
GOOD = {
    "createCustomer": lambda: {"fields": {"name": f"Customer {next(NUMBER)}", "source": "web"}, "contacts": []},
    "updateCustomer": lambda: {"fields": {"size": "large", "verified": True, "understood": "?"}, "contacts": []},
    "createDeal": lambda: {
        "customer": one_of(*MADE["createCustomer"][-5:] or [LEFT_OUT]),
        "fields": {},
        "funnel": None,
        "stage": None,
        "product": one_of(None, "website"),
        "owner": LEFT_OUT,
        "discovered": one_of(True, False),
    },
    "updateDeal": lambda: {"fields": {"suitable": True, "sales_target": money()}, "product": "website"},
    "gradeDeal": lambda: {"grade": None, "reason": None},
    "moveDeal": move,
    "assignDeal": lambda: {"owner": one_of(*PEOPLE.values())},
    "logActivity": lambda: {"kind": "call", "outcome": "reached", "method": None, "contact": None, "at": None},
    "createContract": lambda: {"amount": money(), "signed_on": None, "delivered_on": None, "accepted_on": None},
    "updateContract": lambda: {"amount": money()},
    "recordPayment": lambda: {"amount": money()},
    "createTeam": lambda: {"name": f"Team {next(NUMBER)}", "parent": None},
    "createUser": lambda: {
        "login": f"user{next(NUMBER)}",
        "email": None,
        "roles": ["seller"],
        "team": None,
        "fields": {},
        "password": "correct horse battery",
    },
    "updateUser": lambda: {"email": None, "team": None, "fields": {}},
}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    in_a_row = case.meta is not None and case.meta.phase.name.value == "stateful"
    if in_a_row:
        # A request that is only tried leaves nothing behind for the next.
        case.query.pop("dry_run", None)
    is_positive = case.meta is not None and case.meta.generation.mode.value == "positive"
    gives = case.operation.definition.raw.get("operationId") == "assignDeal"
    if in_a_row and is_positive and gives and isinstance(case.body, dict):
        # Who gives a deal away sees it no more: a good answer, and no sign that what was made before is lost.
        case.body["owner"] = PEOPLE["li"]
        return
    if not is_positive or next(NUMBER) % 4 == 0:
        return
    good = GOOD.get(case.operation.definition.raw.get("operationId", ""))
    if good and isinstance(case.body, dict):
        body = {**case.body, **good()}
        case.body = {name: value for name, value in body.items() if value is not LEFT_OUT}
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "Idempotency-Key" in case.headers:
        case.query.pop("dry_run", None)
    of_deal = case.operation.path.startswith("/v1/deals/{id}")
    if of_deal and not in_a_row and MADE["createDeal"] and next(NUMBER) % 2:
        case.path_parameters["id"] = one_of(*MADE["createDeal"][-5:])


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    name = case.operation.definition.raw.get("operationId", "")
    COUNTED["calls"] += 1
    ANSWERED.add(name)
    if response.status_code < 300:
        DONE.add(name)
    made = MADE.get(name)
    if made is not None and response.status_code == 201 and str(case.query.get("dry_run", "false")).lower() == "false":
        made.append(response.json()["id"])
