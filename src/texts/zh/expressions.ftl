# 时长与日历（表达式见下）
expression_span_form = `{ $text }` 不是时长；请写 `5wd`（工作日）、`3d`（24 小时的天）或 `12h`（小时）
expression_span_unit_missing = `{ $text }` 缺少单位；工作日写 `{ $text }wd`，24 小时的天写 `{ $text }d`，小时写 `{ $text }h`
expression_span_too_long = `{ $text }` 超过 { $days } 天
calendar_no_workdays = 日历里一周没有一个工作日，任何事都不会到期
calendar_range_backwards = 日期范围 `{ $text }` 的结束早于开始
calendar_too_many_days = 节假日与调休上班日合计超过 { $most } 天
calendar_hours = `{ $text }` 不是一天的工作时间；请写 `09:00-18:00`
calendar_hours_order = 工作时间 `{ $text }` 的结束不晚于开始
calendar_date = `{ $text }` 不是日期或日期范围；请写 `2026-10-01` 或 `2026-10-01..2026-10-07`
calendar_time_zone = `{ $name }` 不是时区；请写 IANA 名称，例如 `Asia/Shanghai`

