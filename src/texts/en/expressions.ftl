# Lengths of time and parts of the calendar (expressions follow below)
expression_span_form = `{ $text }` is not a length of time; write `5wd` (working days), `3d` (days of 24 hours) or `12h` (hours)
expression_span_unit_missing = `{ $text }` has no unit; write `{ $text }wd` for working days, `{ $text }d` for days of 24 hours or `{ $text }h` for hours
expression_span_too_long = `{ $text }` is longer than { $days } days
calendar_no_workdays = the calendar has no workday in the week; nothing could ever become due
calendar_range_backwards = the range `{ $text }` ends before it begins
calendar_too_many_days = holidays and extra workdays are more than { $most } days together
calendar_hours = `{ $text }` are not hours of a day; write `09:00-18:00`
calendar_hours_order = the hours `{ $text }` close before they open
calendar_date = `{ $text }` is not a date or range of dates; write `2026-10-01` or `2026-10-01..2026-10-07`
calendar_time_zone = `{ $name }` is not a time zone; write one of the IANA list, such as `Asia/Shanghai`

