# The checker of the rules file: problems, how they are shown, words in them

severity_error = error
severity_warning = warning
problem_path = at { $path }
did_you_mean = did you mean `{ $suggestion }`?
check_accepted = the rules are accepted (warnings: { $warnings })
check_refused = the rules are not accepted (errors: { $errors }, warnings: { $warnings })

# The file and its YAML
file_too_large = the file is larger than { $at_most } KiB
file_empty = the file is empty
not_utf8 = the file is not UTF-8 from here on; save it as UTF-8
too_many_nodes = the file has more than { $at_most } parts
too_deep = nested more than { $at_most } levels deep
several_documents = a second document begins here; a rules file is one document, without `---` in it
alias = an alias (`*name`) is not allowed; write it out, or use `criteria:` and `like:` to share
anchor = an anchor (`&name`) is not allowed; write it out, or use `criteria:` and `like:` to share
tag = `!` begins a tag of YAML, which is not allowed; put a text or expression that begins with it in single quotes
merge_key = the merge key `<<` is not allowed; use `like:` for a funnel that is as another
duplicate_key = the key `{ $key }` stands here twice
key_not_text = a key must be a word, not a list or mapping
yaml_tab = a tab stands where YAML wants blanks; indent with blanks
yaml_brackets = a bracket is not closed, or something stands between two entries; check `[ ]`, `{"{ }"}` and commas from here upwards
yaml_quotes = a quote is not closed, or something follows it; write a quote within single quotes twice: `''`
yaml_indentation = the indentation does not fit; entries of one list or mapping begin in the same column
yaml_colon = a `:` stands where no value can follow; put a text that contains `: ` in quotes
yaml_character = a text cannot begin with this character; put it in quotes
yaml_directive = a line beginning with `%` is not allowed
yaml_bracket_open = this bracket is not closed
yaml_key_alone = a key stands here without its `:`
yaml_syntax = this is not valid YAML
full_width = `{ $sign }` is a full-width sign; write its ASCII form, with a blank after a colon or comma
comma_cuts_text = the comma ends the text here, the rest becomes a key; put the text in quotes
comment_cuts_text = ` #` begins a comment and cuts the text `{ $text }`; put it in quotes
comment_cuts_brackets = ` #` begins a comment, so the bracket before it is not closed; put the text in quotes
comment_cuts_expression = ` #` begins a comment and cuts the expression; put it in single quotes
expression_without_quotes = YAML reads a list or mapping here; put the expression in single quotes

# Keys and values
unknown_key = unknown key `{ $key }`; known here: { $known }
missing_key = `{ $key }` is missing; for example `{ $example }`
nothing_under_key = nothing is written under `{ $key }`; leave the key out or give it a value
not_yet_known = `{ $what }` is of the format, but not yet known to this version
nothing_written = nothing is written here, but { $wanted } is needed
wrong_text = `{ $text }` is not { $wanted }
wrong_list = a list stands here, but { $wanted } is needed
wrong_mapping = a mapping stands here, but { $wanted } is needed
quoted_value = `{ $text }` is a text because of its quotes; write { $wanted } without them
format_unknown = this version reads format 1
empty_list = nothing is in here; leave the key out or put something in
too_many_things = { $count } entries are more than the { $at_most } allowed here
said_twice = `{ $text }` stands here twice
id_form = `{ $text }` is not an id; ids are small letters, digits and `_`, begin with a letter and have at most 64 characters (grades may have capitals)
reserved_by_yaml = `{ $id }` cannot be an id: programs that read YAML take it for a value
reserved_by_expressions = `{ $id }` cannot be an id: it is a word of expressions
reserved_by_format = `{ $id }` cannot be an id: it is a word of this format
reserved_by_product = `{ $id }` cannot be the id of a criterion or validation: it is a reason of the product's own
built_in_name = `{ $name }` is a name of the product's own; call the field otherwise
not_a_bool = `{ $text }` is neither `true` nor `false`
number_out_of_range = { $text } is not between { $from } and { $to }
unknown_word = `{ $text }` is not known here; known: { $known }
unknown_name = there is no such { $what }: `{ $text }`
unknown_language = `{ $text }` is not among the `languages` of this file
not_a_language = `{ $text }` is not a language; write its tag, such as `zh` or `en`
blank_text = the text is blank
label_control = the text contains control characters
label_direction = the text contains characters that turn the direction of writing
label_too_long = the text is longer than { $at_most } characters
not_a_share = `{ $text }` is not a share; write it in per cent, such as `30%`
share_out_of_range = `{ $text }` is not between 0 % and 100 %
span_of_nothing = `{ $text }` is no length of time; leave the key out
not_workdays = `{ $text }` is elapsed time; here working days count, such as `5wd`
date_form = `{ $text }` is not a date; write it as `2026-10-01`
not_a_local_time = `{ $text }` is not a time; write it as `2026-03-02 10:00`
not_money = { $text } cannot be an amount of { $currency }: too large, or finer than its smallest unit
not_a_currency = `{ $text }` is not a currency; write its three capital letters, such as `CNY`
not_a_country = `{ $text }` is not a country; write its two capital letters, such as `CN`
not_a_pattern = `{ $text }` is not a regular expression that can be used here
one_of_these = exactly one of { $keys } must stand here

# Fields and lists
key_of_other_type = `{ $key }` means something for fields of type { $types }, not of type `{ $type }`
two_value_fields = only one field can be the `value` that forecasts add
value_of_deals_only = only a field of deals can be the `value` that forecasts add
required_and_retired = a retired field cannot be required: nobody may fill it any more
cannot_identify = `{ $name }` cannot identify a customer; take text, phone, e-mail, URL, number, date or choice fields of customers
no_holidays_in_year = no holiday is entered for { $year }; targets into that year will count its holidays as workdays

# Criteria, conditions
criterion_without_kind = a criterion needs one of { $kinds }
criterion_with_two_kinds = a criterion is of one kind, but several of { $kinds } stand here; make two criteria of it
criterion_id_twice = a criterion of this stage in line { $line } has the id `{ $id }` too; give one of them an `id` of its own
criterion_unused = the criterion `{ $id }` is used nowhere
key_of_other_kind = `{ $key }` means something together with { $kinds } only
different_of_one = `different` compares several; say `at_least: 2` or more, or leave it out
activity_without_outcomes = the activity `{ $activity }` has no outcomes
always_there = `{ $name }` is always there, so demanding it demands nothing
never_holds = this can never hold, whatever is so: nothing could ever pass
never_fails = this always holds, whatever is so: it demands nothing
when_never = this condition can never hold, so what it belongs to never applies
when_always = this condition always holds; leave it out
enforce_from_without_enforce = `enforce_from` says when warning turns into refusing, but the mode is `{ $mode }`; leave one of them out
validation_without_field = `{ $text }` names no field of a deal or customer, so no write would ever be checked
grade_shadowed = no deal can get the grade `{ $id }`: what line { $line } says takes all that is left
grade_same_condition = no deal can get the grade `{ $id }`: `{ $other }` has the same condition and comes first
grades_without_rest = a deal for which none of these conditions holds gets no grade; end with a grade without `when`
last_case_with_when = the last case has no `when`: it is for all that is left
case_without_when = every case but the last needs a `when`

# Funnels, stages, moves
stage_out_of_order = `{ $stage }` stands too late: the start stage comes first, then open ones, then won and lost
stage_without_place = there is no stage `{ $stage }` to change; to add one, name the stage before it first
no_start = no stage has `kind: start`; deals have to begin somewhere
two_starts = `{ $stage }` is a second stage of kind `start`; a funnel has one
start_retired = deals begin here, so this stage cannot be retired
no_won = no stage has `kind: won`; a funnel has to lead somewhere
lost_without_reasons = the lost stage `{ $stage }` has no `reasons`; whoever gives a deal up names one of them
reasons_of_lost_stages = `{ $stage }` is not a stage of kind `lost`; only those have reasons
criteria_of_start = a start stage has no criteria: deals that are released come back to it
key_of_open_stages = `{ $key }` means nothing for `{ $stage }`: a deal does not stay in a won or lost stage
intake_of_nothing = an intake of 0 is none; leave it out
holding_order = `{ $low }` ({ $less }) must not be above `{ $high }` ({ $more })
move_twice = a move from `{ $from }` to `{ $to }` is said in line { $line } already
move_to_itself = a move from `{ $stage }` to itself is none
move_without_pairs = no pair of stages is meant by this
origin_of_lost_only = only deals of a lost stage have an `origin` to go back to
created_as_lost = a deal cannot begin in a lost stage
lost_must_be_reopened = a lost deal must be reopened before it can go to `{ $to }`
stage_unreachable = no move leads to `{ $stage }`
stage_without_end = from `{ $stage }` no way leads to a won or lost stage

# Roles
unknown_action = there is no action `{ $text }`
pool_is_nobodys_own = deals of the pool have no owner, so `own` grants nothing here; say `team` or `all`
condition_without_deal = `{ $action }` is not about a deal or customer, so no condition can be set to it
cannot_close = `{ $name }` cannot be hidden or made read-only; what can are your own fields, contacts, grade and product
mask_does_not_fit = this mask does not fit `{ $name }`; `keep_first` and `keep_last` are for texts, `domain` for e-mails and URLs, `year` for dates and times
mask_of_one_kind = a mask has either `keep_first` or `keep_last`
first_administrator_powerless = these roles may not `people.write`: the first administrator could give nobody any role
nobody_changes_people = no role may `people.write`: nobody could ever add or change people
nobody_changes_rules = no role may `rules.activate`: nobody could ever change the rules again

# Scenarios
scenario_without_steps = this scenario does nothing; say `do` and `expect`, or `steps`
do_beside_steps = `do` and `expect` stand beside `steps`; make them a step
name_without_record = `{ $name }` must say whose field it is, such as `deal.{ $name }` or `customer.{ $name }`

# Oddities
little_ideal = the ideal holding of `{ $stage }` is { $said }, but by Little's law { $arrivals } a day x { $dwell } days = { $held }: { $times } times apart. They agree with an ideal of { $held }, a dwell of { $fit_dwell }wd, or, by intake and rates before it, an intake of { $fit_intake } a day
little_warn = `{ $stage }` warns above { $said }, but by Little's law { $arrivals } a day x { $dwell } days = { $held } are held, so every seller is always warned. They agree with { $held } or more, a dwell of { $fit_dwell }wd, or an intake of { $fit_intake } a day
little_cap = the cap of `{ $stage }` is { $said }, but by Little's law { $arrivals } a day x { $dwell } days = { $held } are held. They agree with a cap of { $held } or more, a dwell of { $fit_dwell }wd, or an intake of { $fit_intake } a day
little_intakes = the ideal holding of `{ $stage }`, { $said }, takes an intake of { $intake } a day by its dwell and the rates before it, that of `{ $first }` one of { $first_intake }: { $times } times apart. With an ideal of { $held } here they agree
cannot_hold = no value of { $names } makes `{ $rule }` hold
criteria_contradict = nothing can enter `{ $stage }`: { $criteria } exclude each other
move_contradicts = the move `{ $move }` to `{ $to }` can never be made: { $criteria } exclude each other
move_cannot_meet = the move `{ $move }` to `{ $to }` can never be made: on it { $criteria } cannot be met
dwelt_unvisited = the criterion `{ $criterion }` of `{ $stage }` can never be met: no deal has been in `{ $dwelt }` before
dwelt_unvisited_of_move = the criterion `{ $criterion }` of the move `{ $move }` can never be met: no deal has been in `{ $dwelt }` before
needs_retired = the criterion `{ $criterion }` of `{ $stage }` needs { $names }, which is retired: only deals that have it from before can meet it
nobody_may_move = nobody may make the move `{ $move }` from `{ $from }` to `{ $to }`: no role that it is for may `{ $action }`
acts_unseen = `{ $role }` may `{ $action }` in the scope `{ $scope }`, but not `{ $needed }` there: what is not seen is not found
contacts_show = `{ $role }` does not see { $fields } openly, but the contacts, which have phone and e-mail too; hide `customer.contacts` with it
nobody_may_enter = nobody may move a deal to `{ $stage }`
named_but_not_granted = the move `{ $move }` names `{ $role }`, which may not `{ $action }`
nobody_may = no role may { $actions }
nobody_may_write = the criterion `{ $criterion }` of `{ $stage }` rests on { $fields }, which nobody may write
nobody_may_meet = nobody can meet the criterion `{ $criterion }` of `{ $stage }`: no role may `{ $action }`
no_scenarios = there are no scenarios; they prove that the rules do what was meant
refusal_uncovered = no scenario sees the criterion `{ $criterion }` of `{ $stage }` refuse
refusal_uncovered_of_move = no scenario sees the criterion `{ $criterion }` of a move refuse

# Advice
severity_figures = figures
severity_advice = advice
pass_uncovered = no scenario sees the criterion `{ $criterion }` of `{ $stage }` met
pass_uncovered_of_move = no scenario sees the criterion `{ $criterion }` of a move met
refusal_uncovered_of_validation = no scenario sees the validation `{ $validation }` refuse
pass_uncovered_of_validation = no scenario sees the validation `{ $validation }` met
move_uncovered = no scenario makes the move `{ $move }`
mover_cannot_read = `{ $role }` makes a move that asks for `{ $criterion }`, but does not see { $fields }: the reason of a refusal stays hidden
mover_cannot_write = `{ $role }` makes a move that asks for `{ $criterion }`, but may not write { $fields }: others have to do it first
advice_more = there is more to advise (pieces: { $more }); follow this first
scenario_to_complete = facts to be filled in: none could be made up under which it comes out
scenario_named_unmet = { $name } refuses
scenario_named_met = { $name } is met
scenario_named_made = { $name } is made

# Words in sentences
word_a_mapping = a mapping (`key: value`)
word_a_list = a list (`[a, b]`)
word_a_text = a text
word_a_word = a word
word_an_id = an id
word_a_name = a qualified name (`customer.phone`)
word_a_bool = `true` or `false`
word_a_whole_number = a whole number
word_a_number = a number
word_a_share = a share (`30%`)
word_a_span = a length of time (`5wd`)
word_a_date = a date (`2026-10-01`)
word_a_date_range = a date or a range of dates
word_a_local_time = a time (`2026-03-02 10:00`)
word_a_currency = a currency
word_a_country = a country
word_a_language = a language
word_a_time_zone = a time zone
word_a_pattern = a regular expression
word_an_action = an action
word_hours = hours of a day (`09:00-18:00`)
word_stage = stage
word_stage_or_word = a stage, or one of the words for them
word_product = product
word_method = method
word_reason = reason
word_role = role
word_activity = kind of activity
word_funnel = funnel
word_grade = grade
word_deal = deal of this scenario
word_person = person of this scenario, or role
word_outcome = outcome of this kind of activity
word_criterion = criterion
word_field = field
word_choice = choice of this field
migrate_still_there = `{ $name }` is still in these rules: there is nothing to map
migrate_to_nothing = `{ $name }` cannot become `{ $target }`: these rules have no such thing
migrate_again_nothing = these rules have no `{ $name }`
