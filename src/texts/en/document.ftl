# The live document.

document_title = Loudou for { $roles }
document_about = This document is made of the rules{ $version ->
    [draft] {" "}of a draft
   *[other] {" "}of version { $version }
} for the roles { $roles }: their words are types, and what these roles can never do or see is not in it.
document_funnel = Ids of funnels.
document_stage = Ids of stages.
document_stage_of = Ids of the stages of “{ $funnel }”.
document_grade = Ids of grades.
document_product = Ids of products.
document_reason = Ids of the reasons for which a deal is lost.
document_role = Ids of roles.
document_activity = Ids of kinds of activities.
document_outcome = Ids of outcomes of activities.
document_method = Ids of selling methods.
document_move = Ids of moves.
document_hidden = A value that is not for you to see.
document_money = An amount in { $currency }: whole minor units.
document_fields_shown = The fields of the company's own, as you see them.
document_fields_new = The fields of the company's own that you may give.
document_fields_patch = The fields of the company's own that you may change. What is left out stays; null empties a field.
document_move_to = The move “{ $move }” to “{ $label }”.
document_move_demands = What it demands of the record: { $fields }.
document_move_to_any = A move to “{ $label }”.
document_deal_in = A deal in “{ $funnel }”.
document_new_deal_in = A deal to be made in “{ $funnel }”.
document_activity_of = An activity “{ $label }” to be logged.

# What differs between live documents.
contract_operation_added = { $place }: can be asked now
contract_operation_removed = { $place }: can no longer be asked
contract_parameter_added = { $place }: a parameter that is new
contract_parameter_removed = { $place }: a parameter that is gone
contract_kind_added = { $place }: can be { $kinds } now, too
contract_kind_removed = { $place }: is never { $kinds } any more
contract_value_added = { $place }: can be { $values } now, too
contract_value_removed = { $place }: is never { $values } any more
contract_values_listed = { $place }: only listed values now
contract_values_free = { $place }: no longer only listed values
contract_limit = { $place }: { $limit } { $after }, was { $before }
contract_property_added = { $place }: new
contract_property_demanded = { $place }: new, and must be given
contract_property_removed = { $place }: gone
contract_property_required = { $place }: always there now, or must be given
contract_property_optional = { $place }: may be left out now
