# What differs between two rules.

diff_nothing = nothing differs
diff_added = { $what } `{ $name }` ({ $label }): new
diff_removed = { $what } `{ $name }` ({ $label }): gone
diff_label = { $what } `{ $name }`: called “{ $after }”, was “{ $before }”
diff_changed = { $what } `{ $name }`: { $property } { $after }, was { $before }
diff_set = { $what } `{ $name }`: { $property } { $after }, there was none
diff_unset = { $what } `{ $name }`: { $property } gone, was { $before }
diff_order = { $what } `{ $name }`: { $property } { $after }, was { $before }
diff_becomes = what is in use of `{ $name }` becomes `{ $target }`
diff_again = `{ $name }`: something new gets a name that something removed had
diff_calendar = calendar: { $property } { $after }, was { $before }
diff_days_free = calendar: free now, no longer worked: { $days }
diff_days_worked = calendar: worked now, no longer free: { $days }

# Permissions
diff_may = role `{ $role }` ({ $label }) may now { $actions } on { $scope }{ $when ->
    [always] {""}
   *[other] {" "}where { $when }
}
diff_may_no_more = role `{ $role }` ({ $label }) may no longer { $actions } on { $scope }{ $when ->
    [always] {""}
   *[other] {" "}where { $when }
}
diff_scope = role `{ $role }` ({ $label }) may { $actions } on { $after }, was { $before }
diff_sees = role `{ $role }` ({ $label }), { $actions } on { $scope }{ $when ->
    [always] {""}
   *[other] {" "}where { $when }
}: `{ $field }` is { $after }{ $after_mask }, was { $before }{ $before_mask }
diff_never = role `{ $role }` ({ $label }) may now never { $actions }{ $when ->
    [always] {""}
   *[other] {" "}where { $when }
}
diff_never_no_more = role `{ $role }` ({ $label }): it is no longer said that it may never { $actions }{ $when ->
    [always] {""}
   *[other] {" "}where { $when }
}
diff_scope_own = their own
diff_scope_team = their team's
diff_scope_all = everybody's
diff_open = open
diff_hidden = hidden
diff_masked = masked
diff_read_only = read-only

# Things
diff_file = the rules
diff_fields = fields
diff_record = fields of
diff_field_of_customer = field of customers
diff_field_of_deal = field of deals
diff_field_of_user = field of users
diff_choice = choice
diff_combination = identity of customers
diff_validation = validation
diff_product = product
diff_activity = activity
diff_outcome = outcome
diff_method = method
diff_grade = grade
diff_funnel = funnel
diff_stage = stage
diff_criterion = criterion
diff_reason = reason
diff_move = move
diff_role = role
diff_scenario = scenario

# What is said of them
diff_yes = yes
diff_no = no
diff_languages = languages
diff_currency = currency
diff_country = country
diff_activation_by_another = two for a change of the rules
diff_first_administrator = first administrator
diff_time_zone = time zone
diff_hours = hours
diff_workdays = workdays
diff_grades = order of the grades
diff_stages = order of the stages
diff_type = type
diff_pattern = pattern
diff_max = longest
diff_required = required
diff_personal = personal
diff_index = indexed
diff_value = value that forecasts add
diff_retired = retired
diff_steps = steps
diff_when = applies if
diff_require = must hold
diff_mode = mode
diff_mode_enforce = enforce
diff_mode_warn = warn
diff_mode_audit = audit
diff_enforce_from = enforced from
diff_message = message
diff_intake = intake each workday
diff_kind = kind
diff_state = standard state
diff_standards = work standards
diff_dwell = target dwell
diff_rate = target rate
diff_ideal = ideal holding
diff_warn = holding that warns
diff_at_most = most held
diff_methods = methods
diff_cooling = cooling
diff_demand = demands
diff_id = id
diff_by = only by
diff_reason_required = reason required
