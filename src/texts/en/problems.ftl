# Problems: for each code a title (`title_<code>`) and a sentence (`<code>`), then the faults of a request.

title_malformed_url = The address cannot be read
malformed_url = the address is not UTF-8 text or holds control characters
title_url_too_long = The address is too long
url_too_long = path and query together are longer than { $bytes } bytes
title_headers_too_large = The headers are too large
headers_too_large = the headers together are longer than { $bytes } bytes
title_malformed_header = A header cannot be read
malformed_header = a header of the request is not as it should be
title_malformed_body = The body cannot be read
malformed_body = the body of the request is not as it should be
title_body_too_large = The body is too large
body_too_large = the body is larger than { $bytes } bytes
title_unsupported_media_type = The media type is not taken here
unsupported_media_type = send the body as `{ $accepted }` and say so in `Content-Type`
title_request_too_slow = The request took too long
request_too_slow = the request was not done within { $seconds } seconds
title_invalid_parameters = Parameters are wrong
invalid_parameters = some parameters of the request are wrong; `errors` says which and why
title_invalid_fields = Fields are wrong
invalid_fields = some fields of the body are wrong; `errors` says which and why
title_dry_run_with_key = A dry run takes no idempotency key
dry_run_with_key = a dry run writes nothing, so there is nothing to repeat: leave out `Idempotency-Key` or `dry_run`
title_unauthenticated = Not signed in
unauthenticated = this needs a valid token; sign in and send it as `Authorization: Bearer ...`
title_not_permitted = Not permitted
not_permitted = your roles do not permit this
title_not_found = Nothing here
not_found = nothing here that you may see
title_method_not_allowed = Not that way
method_not_allowed = this address does not take this method; `Allow` says which it takes
title_conflict = Not in a state for this
conflict = it is not in a state for this, or something else happened meanwhile
title_idempotency_in_progress = The same request is under way
idempotency_in_progress = a request with this `Idempotency-Key` is still under way; ask again in a moment
title_idempotency_key_reused = The idempotency key was used for something else
idempotency_key_reused = another request came with this `Idempotency-Key`; use a new one
title_version_required = The version is missing
version_required = say in `If-Match` which version you saw: the `ETag` of your last read
title_version_changed = Changed meanwhile
version_changed = it has changed since the version that you named in `If-Match`; read it again
title_unmet = The rules demand more
unmet = the rules demand what is not there yet; `unmet` lists all of it
title_too_many_requests = Too many requests
too_many_requests = too many requests; wait as many seconds as `Retry-After` says
title_internal = A fault of the server
internal = something went wrong here, not with you; name the request's id when you report it
title_unavailable = Not now
unavailable = this cannot be done right now; try again after as many seconds as `Retry-After` says

json_malformed = the body is not JSON: line { $line }, column { $column }
json_key_twice = `{ $key }` is given twice: line { $line }, column { $column }
body_broken_off = the body broke off
body_not_utf8 = the body is not UTF-8 text
control_character = control characters are not allowed, except tab and line break in notes
header_malformed = `{ $name }` must be given once, as plain text
if_match_malformed = `If-Match` takes one version as it came in `ETag`, such as `"v3"`, or `*`
if_none_match_too_long = `If-None-Match` takes at most 1000 characters
idempotency_key_malformed = `Idempotency-Key` takes 1 to 255 visible ASCII characters
cursor_unknown = no page of this list gave this cursor
parameter_unknown = there is no parameter `{ $name }`{ $known ->
    [yes] ; did you mean `{ $near }`?
   *[no] {""}
}
parameter_repeated = it is given more than once
field_unknown = there is no field `{ $name }`{ $known ->
    [yes] ; did you mean `{ $near }`?
   *[no] {""}
}
required = it is required
not_one_of = `{ $name }` is none of { $options }{ $known ->
    [yes] ; did you mean `{ $near }`?
   *[no] {""}
}
not_a_text = a text is needed
not_an_integer = a whole number is needed
not_a_number = a number is needed
not_a_boolean = `true` or `false` is needed
not_a_list = a list is needed
not_an_object = an object is needed
not_an_id = an id (UUID) is needed
not_a_date = a date such as 2026-03-02 is needed
not_a_time = a time such as 2026-03-02T10:00:00Z is needed
not_an_email = an e-mail address is needed
not_a_url = a URL is needed
too_long = at most { $limit } characters are allowed
too_short = at least { $limit } characters are needed
too_many = at most { $limit } are allowed
too_few = at least { $limit } are needed
too_large = at most { $limit } is allowed
too_small = at least { $limit } is needed
given_twice = the same is given twice
wrong_form = it does not have the form that is needed
title_sign_in_refused = Sign-in refused
sign_in_refused = name, password or token is not right, or the user may not sign in
title_deal_moved = The deal moved meanwhile
title_deal_closed = The deal is closed
title_already_there = The deal is there already
title_no_such_move = There is no such move
title_open_deal_exists = There is an open deal
title_customer_exists = The customer exists
customer_exists = a customer with the same identity exists
customer_exists_visible = this is the customer { $customer }{ $held ->
    [yes] , held by { $owner }
   *[no] , whom nobody holds
}
title_rules_in_use = Something in use is missing
rules_in_use = these rules lack what is in use; nothing was changed
in_use = `{ $name }` is used { $count } times
title_rules_unchanged = Nothing changed
rules_unchanged = these rules are active already
title_rules_from_file = The rules come from the file
rules_from_file = this installation takes its rules from the file: change them there
title_rules_invalid = The rules have problems
rules_invalid = the rules have problems; nothing was changed
nobody_could = with these rules nobody would be left who has `{ $action }` for all
no_grant = none of your roles has `{ $action }`
not_permitted_here = your roles do not give you `{ $action }` here
user_unknown = there is no such user
field_not_indexed = `{ $field }` is not a field that lists can be filtered and sorted by; there are: { $fields }
filter_form = a filter is a field, a colon and a value, such as `source:web`
sort_unknown = `{ $sort }` is not an order of this list; there are { $sorts } and `fields.` with a field marked `index`
period_backwards = the period ends on { $to }, which is not after its beginning on { $from }
title_rules_by_another = Another must activate it
rules_by_another = these rules demand two for a change of them: whoever wrote in a draft does not activate it
title_rules_by_draft_only = Another must activate it
rules_by_draft_only = these rules demand two for a change of them: make a draft, which another activates
title_rules_migration_impossible = It cannot become that
rules_migration_impossible = what is said to become of something in use cannot be; nothing was changed
migrate_of_another_kind = `{ $name }` cannot become `{ $target }`, which is of another kind
migrate_both_filled = `{ $name }` cannot become `{ $target }`: { $count } records have a value in both
title_rules_names_used_before = A name was used before
rules_names_used_before = something else had these names before; say under `migrate` that they are meant: `again: [...]`
name_used_before = `{ $name }` was something that version { $number } removed
title_rules_draft_outdated = Other rules are active by now
rules_draft_outdated = the draft was made from version { $parent } and is to replace { $meant }, but { $active } is active: bring it up to date, or say that it replaces { $active }
title_rules_draft_scheduled = The draft is scheduled
rules_draft_scheduled = the draft is scheduled: take it back before it is written
title_rules_draft_not_scheduled = The draft is not scheduled
rules_draft_not_scheduled = the draft is not scheduled
title_rules_draft_activated = The draft was activated
rules_draft_activated = the draft became version { $number } and is not changed any more
rules_version_unknown = there is no such version of the rules
schedule_in_the_past = this instant has passed
schedule_without_owner = who scheduled it can no longer sign in
nobody_could_by_another = with these rules nobody would be left who activates what another may write
title_rules_replay_ended = The replay has ended
rules_replay_ended = the replay has ended: there is nothing to cancel
draft_or_version = either `draft` or `version` is needed
replay_backwards = the period ends at { $to }, which is not after its beginning at { $from }
title_rules_preview_ended = The preview has ended
rules_preview_ended = the preview has ended: there is nothing to cancel
title_rules_shadow_runs = Another draft is in shadow
rules_shadow_runs = a draft is in shadow already: stop its shadow first
title_rules_shadow_ended = The shadow has ended
rules_shadow_ended = the shadow has ended: there is nothing to stop
draft_or_to = either `draft` or `to` is needed
