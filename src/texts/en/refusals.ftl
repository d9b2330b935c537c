# Why a decision came out as it did.

# Permission
permission = `{ $action }` is not permitted to you here
move_not_permitted = the move `{ $move }` is for { $roles } only
receiver_outside_scope = you may give deals only to people of your team or below it

# State
deal_moved = the deal is in the stage `{ $stage }` ({ $label }) by now
already_there = the deal is already in the stage `{ $stage }`
deal_closed = { $state ->
    [won] the deal is won, and closed
    [lost] the deal is lost, and closed
   *[other] the deal is closed
}
no_such_move = the rules know no move from `{ $from }` to `{ $to }`
no_such_creation = the rules let no deal begin in the stage `{ $stage }`
open_deal_exists = the customer already has an open deal in the funnel `{ $funnel }`
already_owner = this person already has the deal
already_in_pool = nobody has this deal: it is in the pool
no_grades = the rules know no grades
stage_out_of_rules = the stage `{ $stage }` is not in the rules

# Criteria
criterion_met = met
criterion_not_applicable = does not apply here
has_missing = missing: { $fields }
require_unmet = `{ $rule }` does not hold
require_missing = missing: { $fields }
require_unknown = `{ $rule }` has no result for these values
activity_unmet = { $there } of { $needed } `{ $activity }`{ $within ->
    [ever] {""}
   *[other] {" "}within { $within }
}{ $different ->
    [people] , each with somebody else
    [days] , each on another day
   *[no] {""}
}
activity_outcome_unmet = { $there } of { $needed } `{ $activity }` with the outcome `{ $outcome }`{ $within ->
    [ever] {""}
   *[other] {" "}within { $within }
}{ $different ->
    [people] , each with somebody else
    [days] , each on another day
   *[no] {""}
}
dwelt_unmet = the deal was not yet { $at_least } in the stage `{ $stage }`
contract_none = there is no contract
contract_unsigned = not every contract is signed
contract_undelivered = not every contract is delivered
contract_unpaid = not every contract is paid in full
contract_unaccepted = not every delivery is accepted
cooling = the deal cools off until { $until }
cooling_over = the deal cooled off until { $until }
holding_within = { $then } deals in the stage `{ $stage }`, with this one
holding_above_warning = { $then } deals in the stage `{ $stage }`, with this one: more than { $limit }
holding_above_cap = { $then } deals in the stage `{ $stage }`, with this one: the limit is { $limit }
holding_full = { $then } deals in the stage `{ $stage }` would be more than the limit of { $limit }

# Reasons and grades
reason_required = a reason must be given: one of { $reasons }
reason_retired = the reason `{ $reason }` is no longer in use
reason_unknown = there is no reason `{ $reason }`; there are { $reasons }
reason_not_asked = the stage `{ $stage }` takes no reason of a list
note_required = say why in words
grade_met = the condition of `{ $grade }` holds
grade_unmet = the condition of `{ $grade }` does not hold
grade_missing = the condition of `{ $grade }` cannot be said; missing: { $fields }
grade_unknown = there is no grade `{ $grade }`; there are { $grades }
grade_reason = the rules compute `{ $computed }`: another grade needs a reason

# Places in a body
funnel_unknown = there is no funnel `{ $funnel }`; there are { $funnels }
stage_unknown = there is no stage `{ $stage }`; there are { $stages }
product_unknown = there is no product `{ $product }`; there are { $products }
product_retired = the product `{ $product }` is no longer in use
receiver_inactive = this person is not active
receiver_cannot_hold = this person cannot hold deals: none of their roles has `{ $action }`

# Scenarios of the rules file
scenario_refused = `{ $by }` on `{ $deal }`: expected to be allowed, was refused by { $happened }
scenario_allowed = `{ $by }` on `{ $deal }`: expected to be refused by { $expected }, was allowed
scenario_refused_otherwise = `{ $by }` on `{ $deal }`: expected to be refused by { $expected }, was refused by { $happened }
scenario_warned_otherwise = `{ $by }` on `{ $deal }`: expected warnings { $expected }, came { $happened }
scenario_deal_otherwise = `{ $what }` of `{ $deal }`: expected { $expected }, is { $happened }
scenario_no_deal = there is no deal `{ $deal }` by now

# What may come next, in words
explain_possible = { $from } -> { $to } ({ $label }), move `{ $move }`: possible now
explain_impossible = { $from } -> { $to } ({ $label }), move `{ $move }`: not possible now
explain_no_move = the rules know no move from `{ $from }` to `{ $to }`
explain_reason = a reason has to be given: one of { $reasons }
explain_note = a note has to be given
explain_met = met
explain_unmet = unmet
explain_missing = missing
explain_not_applicable = does not apply
explain_warns = only warns
explain_audits = only recorded
explain_rule = the rules say: { $said }
explain_when = applies if: { $said }
explain_value = { $said }
explain_progress = there are of those needed: { $said }
explain_fields = would be satisfied by: { $said }
explain_possible_from = possible by itself from { $said }
explain_enforce_from = only warns until { $said }
explain_nothing = (nothing)
explain_hidden = (not for you to see)
