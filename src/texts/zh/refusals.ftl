# 决定的理由

# 权限
permission = 您在此没有权限 `{ $action }`
move_not_permitted = 流转 `{ $move }` 只限角色 { $roles }
receiver_outside_scope = 您只能把商机分给本团队或下级团队的人

# 状态
deal_moved = 该商机现已在阶段 `{ $stage }`（{ $label }）
already_there = 该商机已在阶段“{ $stage }”
deal_closed = { $state ->
    [won] 该商机已成交并关闭
    [lost] 该商机已放弃并关闭
   *[other] 该商机已关闭
}
no_such_move = 规则中没有从“{ $from }”到“{ $to }”的流转
no_such_creation = 规则不允许商机从阶段“{ $stage }”开始
open_deal_exists = 该客户在漏斗“{ $funnel }”中已有未关闭的商机
already_owner = 该商机已属于此人
already_in_pool = 该商机无人持有，已在公共池中
no_grades = 规则中没有评级
stage_out_of_rules = 规则中没有阶段 `{ $stage }`

# 条件
criterion_met = 已满足
criterion_not_applicable = 此处不适用
has_missing = 缺少：{ $fields }
require_unmet = `{ $rule }` 不成立
require_missing = 缺少：{ $fields }
require_unknown = `{ $rule }` 对这些值没有结果
activity_unmet = { $within ->
    [ever] {""}
   *[other] { $within } 内
}“{ $activity }”{ $different ->
    [people] （不同的人）
    [days] （不同的日子）
   *[no] {""}
} { $there } 次，需要 { $needed } 次
activity_outcome_unmet = { $within ->
    [ever] {""}
   *[other] { $within } 内
}“{ $activity }”结果为“{ $outcome }”{ $different ->
    [people] （不同的人）
    [days] （不同的日子）
   *[no] {""}
} { $there } 次，需要 { $needed } 次
dwelt_unmet = 商机在阶段“{ $stage }”停留未满 { $at_least }
contract_none = 还没有合同
contract_unsigned = 并非所有合同都已签订
contract_undelivered = 并非所有合同都已交付
contract_unpaid = 并非所有合同都已付清
contract_unaccepted = 并非所有合同都已验收
cooling = 商机冷却至 { $until }
cooling_over = 商机冷却期已于 { $until } 结束
holding_within = 含此商机，阶段“{ $stage }”持有 { $then } 个
holding_above_warning = 含此商机，阶段“{ $stage }”持有 { $then } 个，超过 { $limit } 个
holding_above_cap = 含此商机，阶段“{ $stage }”持有 { $then } 个，上限为 { $limit } 个
holding_full = 阶段“{ $stage }”将持有 { $then } 个，超过上限 { $limit } 个

# 理由与评级
reason_required = 必须给出理由：{ $reasons } 之一
reason_retired = 理由“{ $reason }”已停用
reason_unknown = 没有理由 `{ $reason }`；可选：{ $reasons }
reason_not_asked = 阶段“{ $stage }”不需要选择理由
note_required = 请用文字说明原因
grade_met = `{ $grade }` 的条件成立
grade_unmet = `{ $grade }` 的条件不成立
grade_missing = `{ $grade }` 的条件无法判断，缺少：{ $fields }
grade_unknown = 没有评级 `{ $grade }`；可选：{ $grades }
grade_reason = 规则算出 `{ $computed }`：改用其他评级需要理由

# 请求中的位置
funnel_unknown = 没有漏斗 `{ $funnel }`；可选：{ $funnels }
stage_unknown = 没有阶段 `{ $stage }`；可选：{ $stages }
product_unknown = 没有产品 `{ $product }`；可选：{ $products }
product_retired = 产品“{ $product }”已停用
receiver_inactive = 此人未启用
receiver_cannot_hold = 此人不能持有商机：其角色都没有 `{ $action }`

# 规则文件中的情景
scenario_refused = `{ $by }` 对 `{ $deal }`：预期允许，实际被 { $happened } 拒绝
scenario_allowed = `{ $by }` 对 `{ $deal }`：预期被 { $expected } 拒绝，实际允许
scenario_refused_otherwise = `{ $by }` 对 `{ $deal }`：预期被 { $expected } 拒绝，实际被 { $happened } 拒绝
scenario_warned_otherwise = `{ $by }` 对 `{ $deal }`：预期警告 { $expected }，实际为 { $happened }
scenario_deal_otherwise = `{ $deal }` 的 `{ $what }`：预期 { $expected }，实际为 { $happened }
scenario_no_deal = 此时还没有商机 `{ $deal }`

# 下一步可以做什么，用文字说明
explain_possible = { $from } -> { $to }（{ $label }），移动 `{ $move }`：现在可以
explain_impossible = { $from } -> { $to }（{ $label }），移动 `{ $move }`：现在不可以
explain_no_move = 规则中没有从 `{ $from }` 到 `{ $to }` 的移动
explain_reason = 必须给出原因：{ $reasons } 之一
explain_note = 必须填写说明
explain_met = 满足
explain_unmet = 不满足
explain_missing = 缺少
explain_not_applicable = 不适用
explain_warns = 仅警告
explain_audits = 仅记录
explain_rule = 规则：{ $said }
explain_when = 适用条件：{ $said }
explain_value = { $said }
explain_progress = 已有 / 需要：{ $said }
explain_fields = 填写以下内容即可满足：{ $said }
explain_possible_from = 从 { $said } 起自动可以
explain_enforce_from = 在 { $said } 之前仅警告
explain_nothing = （无）
explain_hidden = （无权查看）
