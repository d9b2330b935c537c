# 规则文件的检查:问题、显示方式、句中的词

severity_error = 错误
severity_warning = 警告
problem_path = 位于 { $path }
did_you_mean = 是否想写 `{ $suggestion }`？
check_accepted = 规则通过检查（警告 { $warnings } 条）
check_refused = 规则未通过检查（错误 { $errors } 条，警告 { $warnings } 条）

# 文件与 YAML
file_too_large = 文件超过 { $at_most } KiB
file_empty = 文件是空的
not_utf8 = 从这里起不是 UTF-8，请以 UTF-8 保存
too_many_nodes = 文件的内容项超过 { $at_most } 个
too_deep = 嵌套超过 { $at_most } 层
several_documents = 这里开始了第二个文档；规则文件只能是一个文档，中间不能有 `---`
alias = 不允许使用别名（`*名称`）；请完整写出，或用 `criteria:` 和 `like:` 共用
anchor = 不允许使用锚点（`&名称`）；请完整写出，或用 `criteria:` 和 `like:` 共用
tag = `!` 在 YAML 中是标签的开头，这里不允许；以它开头的文字或表达式请放在单引号内
merge_key = 不允许使用合并键 `<<`；与另一漏斗相同的漏斗请用 `like:`
duplicate_key = 键 `{ $key }` 在这里出现了两次
key_not_text = 键必须是一个词，不能是列表或映射
yaml_tab = 这里有制表符，YAML 需要空格；请用空格缩进
yaml_brackets = 括号没有闭合，或两项之间多了内容；请从这里向上检查 `[ ]`、`{"{ }"}` 和逗号
yaml_quotes = 引号没有闭合，或引号之后还有内容；单引号内的单引号请写两次：`''`
yaml_indentation = 缩进不对；同一列表或映射的各项必须从同一列开始
yaml_colon = 这里的 `:` 后面不能有值；含有 `: ` 的文字请放在引号内
yaml_character = 文字不能以这个字符开头；请放在引号内
yaml_directive = 不允许以 `%` 开头的行
yaml_bracket_open = 这个括号没有闭合
yaml_key_alone = 这里的键缺少 `:`
yaml_syntax = 这不是有效的 YAML
full_width = `{ $sign }` 是全角符号；请写半角，冒号和逗号之后加一个空格
comma_cuts_text = 文字在逗号处被截断，其余部分成了键；请把文字放在引号内
comment_cuts_text = ` #` 是注释的开头，截断了文字 `{ $text }`；请放在引号内
comment_cuts_brackets = ` #` 是注释的开头，因此前面的括号没有闭合；请把文字放在引号内
comment_cuts_expression = ` #` 是注释的开头，截断了表达式；请放在单引号内
expression_without_quotes = YAML 在这里读到的是列表或映射；请把表达式放在单引号内

# 键与值
unknown_key = 未知的键 `{ $key }`；这里可用：{ $known }
missing_key = 缺少 `{ $key }`；例如 `{ $example }`
nothing_under_key = `{ $key }` 之下没有内容；请删去这个键或给出值
not_yet_known = `{ $what }` 属于本格式，但这个版本尚不支持
nothing_written = 这里没有内容，需要{ $wanted }
wrong_text = `{ $text }` 不是{ $wanted }
wrong_list = 这里是列表，需要{ $wanted }
wrong_mapping = 这里是映射，需要{ $wanted }
quoted_value = `{ $text }` 因为有引号而成了文字；请去掉引号，写成{ $wanted }
format_unknown = 这个版本读取格式 1
empty_list = 这里是空的；请删去这个键或写入内容
too_many_things = 这里有 { $count } 项，最多允许 { $at_most } 项
said_twice = `{ $text }` 在这里出现了两次
id_form = `{ $text }` 不是标识；标识由小写字母、数字和 `_` 组成，以字母开头，最多 64 个字符（等级可用大写）
reserved_by_yaml = `{ $id }` 不能作标识：读取 YAML 的程序会把它当作值
reserved_by_expressions = `{ $id }` 不能作标识：它是表达式的词
reserved_by_format = `{ $id }` 不能作标识：它是本格式的词
reserved_by_product = `{ $id }` 不能作条件或校验的标识：它是产品自己的理由
built_in_name = `{ $name }` 是产品自己的名称；请给字段另起名称
not_a_bool = `{ $text }` 既不是 `true` 也不是 `false`
number_out_of_range = { $text } 不在 { $from } 到 { $to } 之间
unknown_word = 这里不认识 `{ $text }`；可用：{ $known }
unknown_name = 没有这样的{ $what }：`{ $text }`
unknown_language = `{ $text }` 不在本文件的 `languages` 之中
not_a_language = `{ $text }` 不是语言；请写语言标记，如 `zh` 或 `en`
blank_text = 文字是空白的
label_control = 文字中含有控制字符
label_direction = 文字中含有改变书写方向的字符
label_too_long = 文字超过 { $at_most } 个字符
not_a_share = `{ $text }` 不是比例；请写百分数，如 `30%`
share_out_of_range = `{ $text }` 不在 0 % 到 100 % 之间
span_of_nothing = `{ $text }` 不是一段时间；请删去这个键
not_workdays = `{ $text }` 是自然时间；这里按工作日计，如 `5wd`
date_form = `{ $text }` 不是日期；请写成 `2026-10-01`
not_a_local_time = `{ $text }` 不是时间；请写成 `2026-03-02 10:00`
not_money = { $text } 不能作 { $currency } 的金额：过大，或小于最小单位
not_a_currency = `{ $text }` 不是货币；请写三个大写字母，如 `CNY`
not_a_country = `{ $text }` 不是国家；请写两个大写字母，如 `CN`
not_a_pattern = `{ $text }` 不是可用的正则表达式
one_of_these = 这里必须恰好有 { $keys } 之一

# 字段与列表
key_of_other_type = `{ $key }` 只用于 { $types } 类型的字段，不用于 `{ $type }` 类型
two_value_fields = 只能有一个字段是预测所累加的 `value`
value_of_deals_only = 只有商机的字段可以是预测所累加的 `value`
required_and_retired = 停用的字段不能是必填的：已没有人可以填写
cannot_identify = `{ $name }` 不能用来识别客户；请用客户的文字、电话、邮箱、网址、数字、日期或单选字段
no_holidays_in_year = 没有登记 { $year } 年的节假日；延续到该年的期限会把节假日当作工作日

# 条件
criterion_without_kind = 条件需要 { $kinds } 之一
criterion_with_two_kinds = 一个条件只有一种，这里却有 { $kinds } 中的几种；请拆成两个条件
criterion_id_twice = 本阶段第 { $line } 行的条件标识也是 `{ $id }`；请给其中一个写上自己的 `id`
criterion_unused = 条件 `{ $id }` 没有在任何地方使用
key_of_other_kind = `{ $key }` 只能与 { $kinds } 一起使用
different_of_one = `different` 用于比较多次；请写 `at_least: 2` 或更多，或删去它
activity_without_outcomes = 活动 `{ $activity }` 没有结果可选
always_there = `{ $name }` 总是有的，要求它等于没有要求
never_holds = 这在任何情况下都不成立：永远无法通过
never_fails = 这在任何情况下都成立：等于没有要求
when_never = 这个前提永远不成立，它所属的内容永远不适用
when_always = 这个前提总是成立；请删去
enforce_from_without_enforce = `enforce_from` 说明警告从何时起变为拒绝，但模式是 `{ $mode }`；请删去其一
validation_without_field = `{ $text }` 没有涉及商机或客户的字段，因此不会检查任何写入
grade_shadowed = 没有商机能得到等级 `{ $id }`：第 { $line } 行已包括其余全部
grade_same_condition = 没有商机能得到等级 `{ $id }`：`{ $other }` 的前提相同且在前
grades_without_rest = 这些前提都不成立的商机没有等级；请以一个没有 `when` 的等级结尾
last_case_with_when = 最后一种情形没有 `when`：它用于其余全部
case_without_when = 除最后一种外，每种情形都需要 `when`

# 漏斗、阶段、移动
stage_out_of_order = `{ $stage }` 的位置太靠后：起始阶段在前，然后是进行中的阶段，最后是成交和放弃
stage_without_place = 没有可修改的阶段 `{ $stage }`；如要新增，请先写出它前面的阶段
no_start = 没有 `kind: start` 的阶段；商机必须有起点
two_starts = `{ $stage }` 是第二个 `start` 阶段；一个漏斗只有一个
start_retired = 商机从这里开始，因此这个阶段不能停用
no_won = 没有 `kind: won` 的阶段；漏斗必须有目标
lost_without_reasons = 放弃阶段 `{ $stage }` 没有 `reasons`；放弃商机的人要从中选择一个
reasons_of_lost_stages = `{ $stage }` 不是 `lost` 阶段；只有这类阶段才有理由
criteria_of_start = 起始阶段没有条件：被释放的商机会回到这里
key_of_open_stages = `{ $key }` 对 `{ $stage }` 没有意义：商机不在成交或放弃阶段停留
intake_of_nothing = 数量为 0 等于没有；请删去
holding_order = `{ $low }`（{ $less }）不能大于 `{ $high }`（{ $more }）
move_twice = 从 `{ $from }` 到 `{ $to }` 的移动已在第 { $line } 行写过
move_to_itself = 从 `{ $stage }` 到它自己不是移动
move_without_pairs = 这不对应任何两个阶段
origin_of_lost_only = 只有放弃阶段的商机才有可回到的 `origin`
created_as_lost = 商机不能从放弃阶段开始
lost_must_be_reopened = 已放弃的商机须先重新启动，才能到 `{ $to }`
stage_unreachable = 没有移动通向 `{ $stage }`
stage_without_end = 从 `{ $stage }` 出发到不了成交或放弃阶段

# 角色
unknown_action = 没有操作 `{ $text }`
pool_is_nobodys_own = 公海中的商机没有负责人，`own` 等于没有授权；请写 `team` 或 `all`
condition_without_deal = `{ $action }` 与商机、客户无关，不能设前提
cannot_close = `{ $name }` 不能隐藏或设为只读；可以的是自定义字段、联系人、等级和产品
mask_does_not_fit = 这种遮盖不适用于 `{ $name }`；`keep_first` 和 `keep_last` 用于文字，`domain` 用于邮箱和网址，`year` 用于日期和时间
mask_of_one_kind = 遮盖只能是 `keep_first` 或 `keep_last` 之一
first_administrator_powerless = 这些角色没有 `people.write`：首位管理员无法给任何人角色
nobody_changes_people = 没有角色有 `people.write`：无人能增加或修改人员
nobody_changes_rules = 没有角色有 `rules.activate`：再也无人能修改规则

# 场景
scenario_without_steps = 这个场景什么也不做；请写 `do` 和 `expect`，或 `steps`
do_beside_steps = `do` 和 `expect` 与 `steps` 并列；请把它们写成一步
name_without_record = `{ $name }` 须说明是谁的字段，如 `deal.{ $name }` 或 `customer.{ $name }`

# 异常
little_ideal = `{ $stage }` 的理想持有量是 { $said }，但按利特尔法则，每天 { $arrivals } 个 × { $dwell } 天 = { $held }，相差 { $times } 倍。理想持有量改为 { $held }，或停留改为 { $fit_dwell }wd，或（按进入量和之前的转化率）每天进入 { $fit_intake } 个，即可一致
little_warn = `{ $stage }` 超过 { $said } 就警告，但按利特尔法则，每天 { $arrivals } 个 × { $dwell } 天 = 持有 { $held } 个，每个销售员都会一直被警告。改为不低于 { $held }，或停留改为 { $fit_dwell }wd，或每天进入 { $fit_intake } 个，即可一致
little_cap = `{ $stage }` 的上限是 { $said }，但按利特尔法则，每天 { $arrivals } 个 × { $dwell } 天 = 持有 { $held } 个。上限改为不低于 { $held }，或停留改为 { $fit_dwell }wd，或每天进入 { $fit_intake } 个，即可一致
little_intakes = `{ $stage }` 的理想持有量 { $said }，按其停留和之前的转化率需要每天进入 { $intake } 个，而 `{ $first }` 需要 { $first_intake } 个，相差 { $times } 倍。这里的理想持有量改为 { $held } 即可一致
cannot_hold = { $names } 取任何值都不能使 `{ $rule }` 成立
criteria_contradict = 没有商机能进入 `{ $stage }`：{ $criteria } 互相排斥
move_contradicts = 到 `{ $to }` 的移动 `{ $move }` 永远不能进行：{ $criteria } 互相排斥
move_cannot_meet = 到 `{ $to }` 的移动 `{ $move }` 永远不能进行：进行时不可能满足 { $criteria }
dwelt_unvisited = `{ $stage }` 的条件 `{ $criterion }` 永远不能满足：没有商机之前到过 `{ $dwelt }`
dwelt_unvisited_of_move = 移动 `{ $move }` 的条件 `{ $criterion }` 永远不能满足：没有商机之前到过 `{ $dwelt }`
needs_retired = `{ $stage }` 的条件 `{ $criterion }` 需要已停用的 { $names }：只有以前就有它的商机才能满足
nobody_may_move = 没有人可以进行从 `{ $from }` 到 `{ $to }` 的移动 `{ $move }`：允许的角色都没有 `{ $action }` 权限
acts_unseen = `{ $role }` 在 `{ $scope }` 范围内可以 `{ $action }`，但在那里不可以 `{ $needed }`：看不见的就找不到
contacts_show = `{ $role }` 看不到完整的 { $fields }，却能看到联系人，其中也有电话和邮箱；请同时隐藏 `customer.contacts`
nobody_may_enter = 没有人可以把商机移到 `{ $stage }`
named_but_not_granted = 移动 `{ $move }` 指定了 `{ $role }`，但它没有 `{ $action }`
nobody_may = 没有角色可以 { $actions }
nobody_may_write = `{ $stage }` 的条件 `{ $criterion }` 依据 { $fields }，但没有人可以填写
nobody_may_meet = 没有人能满足 `{ $stage }` 的条件 `{ $criterion }`：没有角色有 `{ $action }`
no_scenarios = 没有场景；场景证明规则符合本意
refusal_uncovered = 没有场景验证 `{ $stage }` 的条件 `{ $criterion }` 会拒绝
refusal_uncovered_of_move = 没有场景验证移动的条件 `{ $criterion }` 会拒绝

# 建议
severity_figures = 数字
severity_advice = 建议
pass_uncovered = 没有场景验证 `{ $stage }` 的条件 `{ $criterion }` 能满足
pass_uncovered_of_move = 没有场景验证移动的条件 `{ $criterion }` 能满足
refusal_uncovered_of_validation = 没有场景验证校验 `{ $validation }` 会拒绝
pass_uncovered_of_validation = 没有场景验证校验 `{ $validation }` 能满足
move_uncovered = 没有场景进行移动 `{ $move }`
mover_cannot_read = `{ $role }` 进行的移动要求 `{ $criterion }`，但看不到 { $fields }：被拒绝时看不到原因
mover_cannot_write = `{ $role }` 进行的移动要求 `{ $criterion }`，但不能填写 { $fields }：需要别人先填写
advice_more = 还有更多建议（{ $more } 条）；请先处理以上各条
scenario_to_complete = 需要补充事实：未能自动编出使其成立的事实
scenario_named_unmet = { $name } 拒绝
scenario_named_met = { $name } 满足
scenario_named_made = 进行 { $name }

# 句中的词
word_a_mapping = 映射（`键: 值`）
word_a_list = 列表（`[a, b]`）
word_a_text = 文字
word_a_word = 词
word_an_id = 标识
word_a_name = 带所属的名称（`customer.phone`）
word_a_bool = `true` 或 `false`
word_a_whole_number = 整数
word_a_number = 数字
word_a_share = 比例（`30%`）
word_a_span = 一段时间（`5wd`）
word_a_date = 日期（`2026-10-01`）
word_a_date_range = 日期或日期范围
word_a_local_time = 时间（`2026-03-02 10:00`）
word_a_currency = 货币
word_a_country = 国家
word_a_language = 语言
word_a_time_zone = 时区
word_a_pattern = 正则表达式
word_an_action = 操作
word_hours = 一天的时段（`09:00-18:00`）
word_stage = 阶段
word_stage_or_word = 阶段或代表阶段的词
word_product = 产品
word_method = 方法
word_reason = 理由
word_role = 角色
word_activity = 活动种类
word_funnel = 漏斗
word_grade = 等级
word_deal = 本场景的商机
word_person = 本场景的人员或角色
word_outcome = 这种活动的结果
word_criterion = 条件
word_field = 字段
word_choice = 这个字段的选项
migrate_still_there = `{ $name }` 仍在这些规则中：无需变更
migrate_to_nothing = `{ $name }` 不能变为 `{ $target }`：这些规则中没有它
migrate_again_nothing = 这些规则中没有 `{ $name }`
