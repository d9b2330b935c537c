"""The whole walk, by the client that openapi-python-client makes of the document: from a resource to an implemented
customer, each step refused with every unmet criterion first and allowed after.

Usage: python walk.py COMPANY.json (what `loudou demo --json` printed), with the generated package beside it.
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from loudou_client import AuthenticatedClient, Client
from loudou_client.api.access import login
from loudou_client.api.customers import create_customer, update_customer
from loudou_client.api.deals import (
    create_contract,
    create_deal,
    get_deal,
    grade_deal,
    list_decisions,
    list_history,
    list_moves,
    log_activity,
    move_deal,
    record_payment,
    update_contract,
    update_deal,
)
from loudou_client.models import (
    ActivityBody,
    ContractPatchBody,
    CustomerPatchBody,
    DealPatchBody,
    GradeBody,
    LoginBody,
    MoveBody,
    NewContractBody,
    NewCustomerBody,
    NewDealBody,
    PaymentBody,
    Problem,
)


def equal(seen: Any, expected: Any) -> None:
    if seen != expected:
        raise SystemExit(f"expected {expected!r}, and saw {seen!r}")


def done(answer: Any) -> Any:
    """The body of an answer that is expected to be a success."""
    if answer.parsed is None or isinstance(answer.parsed, Problem):
        raise SystemExit(f"{answer.status_code}: {answer.content.decode()}")
    return answer.parsed


with open(sys.argv[1], encoding="utf-8") as file:
    company = json.load(file)
# The generator's types demand a token wherever the document names a way in, even the one that needs nothing.
stranger = cast(AuthenticatedClient, Client(base_url=company["url"]))
tokens = done(login.sync_detailed(client=stranger, body=LoginBody(login="li", password=company["password"])))
client = AuthenticatedClient(
    base_url=company["url"], token=tokens.access_token, headers={"Accept-Language": "en"}
)

# The company's: what is late in the evening elsewhere is tomorrow there.
today = datetime.now(timezone(timedelta(hours=8))).date().isoformat()
unique = str(time.time_ns())[-12:-4]
fields = {"name": f"Python {unique}", "phone": f"0755 {unique}", "source": "web"}
body = NewCustomerBody.from_dict({"fields": fields})
customer = done(create_customer.sync_detailed(client=client, body=body, idempotency_key=f"python-{unique}"))
again = create_customer.sync_detailed(client=client, body=body, idempotency_key=f"python-{unique}")
equal((done(again).id, again.headers["idempotency-replayed"]), (customer.id, "true"))
deal = done(create_deal.sync_detailed(client=client, body=NewDealBody.from_dict({"customer": str(customer.id)})))
equal(deal.stage, "resource")


def warned(all_of_it: Any) -> str:
    """What is only warned about, of a success as of a refusal."""
    ids = [unmet.id for unmet in all_of_it if unmet.severity == "warn"]
    return f", warned {' '.join(ids)}" if ids else ""


def moved(**request: str) -> str:
    """Moves, and says how it came out: the stage and state, or the status with the refusing criteria or the code."""
    answer = move_deal.sync_detailed(deal.id, client=client, body=MoveBody.from_dict(request))
    if not isinstance(answer.parsed, Problem):
        parsed = done(answer)
        return f"{parsed.stage} ({parsed.state}){warned(parsed.warnings)}"
    refusing = [unmet.id for unmet in answer.parsed.unmet if unmet.severity == "refuse"]
    said = " ".join([str(int(answer.status_code)), *(refusing or [answer.parsed.code])])
    return said + warned(answer.parsed.unmet)


def logged(**request: str) -> None:
    answer = log_activity.sync_detailed(deal.id, client=client, body=ActivityBody.from_dict(request))
    equal(done(answer).kind, request["kind"])


# Refused with everything that is missing, at once.
equal(moved(**{"from": "resource", "to": "graded"}), "422 graded_by_hand")
options = done(list_moves.sync_detailed(deal.id, client=client))
equal(
    options.moves[0].criteria[0].fields,
    [
        "customer.verified",
        "customer.understood",
        "customer.size",
        "deal.grade",
        "deal.product",
        "deal.sales_target",
    ],
)
known = CustomerPatchBody.from_dict({"fields": {"size": "large", "verified": True, "understood": "makes doors"}})
known_at = f'"v{customer.version}"'
done(update_customer.sync_detailed(customer.id, client=client, body=known, if_match=known_at))
etag = get_deal.sync_detailed(deal.id, client=client).headers["etag"]
target = {"suitable": True, "sales_target": {"amount_minor": 5_000_000, "currency": "CNY"}}
patch = DealPatchBody.from_dict({"product": "website", "fields": target})
done(update_deal.sync_detailed(deal.id, client=client, body=patch, if_match=etag))
stale = update_deal.sync_detailed(deal.id, client=client, body=patch, if_match=etag)
equal((int(stale.status_code), stale.parsed.code), (412, "version_changed"))
graded = done(grade_deal.sync_detailed(deal.id, client=client, body=GradeBody()))
equal(graded.grade, "A")
equal(moved(**{"from": "resource", "to": "graded"}), "graded (open)")
equal(moved(to="contacted"), "422 reached, warned material")
logged(kind="call", outcome="reached")
# What is only warned about comes with the success too.
equal(moved(to="contacted"), "contacted (open), warned material")
equal(moved(to="lead"), "422 interested")
equal(moved(to="signed"), "409 no_such_move")
logged(kind="call", outcome="interested")
equal(moved(to="lead"), "lead (open)")
equal(moved(to="intent"), "422 visit has")
logged(kind="visit", outcome="agreed")


def asked(visit_on: str) -> Any:
    visit = DealPatchBody.from_dict({"fields": {"question": "how long does it take?", "visit_on": visit_on}})
    return update_deal.sync_detailed(deal.id, client=client, body=visit, if_match="*")


# A value that the rules do not take refuses the whole write.
past = asked("2020-01-01")
equal((int(past.status_code), [unmet.id for unmet in past.parsed.unmet]), (422, ["visit_ahead"]))
done(asked(today))
equal(moved(to="intent"), "intent (open)")
equal(moved(to="signed"), "422 signed")
whole, half = ({"amount_minor": amount, "currency": "CNY"} for amount in (5_000_000, 2_500_000))
signed = NewContractBody.from_dict({"amount": whole, "signed_on": today})
contract = done(create_contract.sync_detailed(deal.id, client=client, body=signed))
equal(moved(to="signed"), "signed (open)")
equal(moved(to="implemented"), "422 paid delivered accepted")
dates = ContractPatchBody.from_dict({"delivered_on": today, "accepted_on": today})
contract_at = f'"v{contract.version}"'
done(update_contract.sync_detailed(deal.id, contract.id, client=client, body=dates, if_match=contract_at))
for outcome in ("422 paid", "implemented (won)"):
    payment = PaymentBody.from_dict({"amount": half, "paid_on": today})
    done(record_payment.sync_detailed(deal.id, contract.id, client=client, body=payment))
    equal(moved(to="implemented"), outcome)

# Won: closed for moves, and for writes of the seller.
equal(moved(to="abandoned", reason="refused"), "409 deal_closed")
closed = DealPatchBody.from_dict({"fields": {"question": "?"}})
equal(int(update_deal.sync_detailed(deal.id, client=client, body=closed, if_match="*").status_code), 403)
history = done(list_history.sync_detailed(deal.id, client=client))
stages = ["resource", "graded", "contacted", "lead", "intent", "signed", "implemented"]
equal([line.to for line in history.data], stages)
decisions = done(list_decisions.sync_detailed(deal.id, client=client, limit=100)).data
outcomes = [one.outcome for one in decisions if one.action == "deals.move"]
equal((outcomes.count("allowed"), outcomes.count("refused")), (6, 9))
print(f"Python: {' -> '.join(stages)}")
