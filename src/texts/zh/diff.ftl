# 两份规则之间的不同。

diff_nothing = 没有不同
diff_added = { $what } `{ $name }`（{ $label }）：新增
diff_removed = { $what } `{ $name }`（{ $label }）：删除
diff_label = { $what } `{ $name }`：现称“{ $after }”，原称“{ $before }”
diff_changed = { $what } `{ $name }`：{ $property }现为 { $after }，原为 { $before }
diff_set = { $what } `{ $name }`：{ $property }现为 { $after }，原来没有
diff_unset = { $what } `{ $name }`：{ $property }取消，原为 { $before }
diff_order = { $what } `{ $name }`：{ $property }现为 { $after }，原为 { $before }
diff_becomes = 使用中的 `{ $name }` 变为 `{ $target }`
diff_again = `{ $name }`：新内容使用了已移除内容的名称
diff_calendar = 日历：{ $property }现为 { $after }，原为 { $before }
diff_days_free = 日历：原为工作日，现在休息：{ $days }
diff_days_worked = 日历：原为休息日，现在上班：{ $days }

# 权限
diff_may = 角色 `{ $role }`（{ $label }）现在可以对{ $scope }{ $when ->
    [always] {""}
   *[other] （条件：{ $when }）
}执行 { $actions }
diff_may_no_more = 角色 `{ $role }`（{ $label }）不再可以对{ $scope }{ $when ->
    [always] {""}
   *[other] （条件：{ $when }）
}执行 { $actions }
diff_scope = 角色 `{ $role }`（{ $label }）执行 { $actions } 的范围现为{ $after }，原为{ $before }
diff_sees = 角色 `{ $role }`（{ $label }）对{ $scope }{ $when ->
    [always] {""}
   *[other] （条件：{ $when }）
}执行 { $actions } 时：`{ $field }` 现为{ $after }{ $after_mask }，原为{ $before }{ $before_mask }
diff_never = 角色 `{ $role }`（{ $label }）现在一律不得执行 { $actions }{ $when ->
    [always] {""}
   *[other] （条件：{ $when }）
}
diff_never_no_more = 角色 `{ $role }`（{ $label }）不再被一律禁止执行 { $actions }{ $when ->
    [always] {""}
   *[other] （条件：{ $when }）
}
diff_scope_own = 自己的
diff_scope_team = 本团队的
diff_scope_all = 所有人的
diff_open = 可见
diff_hidden = 隐藏
diff_masked = 遮盖
diff_read_only = 只读

# 事物
diff_file = 规则
diff_fields = 字段
diff_record = 字段，属于
diff_field_of_customer = 客户字段
diff_field_of_deal = 商机字段
diff_field_of_user = 用户字段
diff_choice = 选项
diff_combination = 客户身份
diff_validation = 校验
diff_product = 产品
diff_activity = 活动
diff_outcome = 结果
diff_method = 方法
diff_grade = 等级
diff_funnel = 漏斗
diff_stage = 阶段
diff_criterion = 条件
diff_reason = 原因
diff_move = 移动
diff_role = 角色
diff_scenario = 场景

# 关于它们的说明
diff_yes = 是
diff_no = 否
diff_languages = 语言
diff_currency = 货币
diff_country = 国家
diff_activation_by_another = 更改规则须经两人
diff_first_administrator = 首位管理员
diff_time_zone = 时区
diff_hours = 工作时间
diff_workdays = 工作日
diff_grades = 等级顺序
diff_stages = 阶段顺序
diff_type = 类型
diff_pattern = 格式
diff_max = 最大长度
diff_required = 必填
diff_personal = 个人信息
diff_index = 可检索
diff_value = 预测用金额
diff_retired = 停用
diff_steps = 步骤
diff_when = 适用条件
diff_require = 必须成立
diff_mode = 方式
diff_mode_enforce = 强制
diff_mode_warn = 警告
diff_mode_audit = 仅记录
diff_enforce_from = 强制起始日
diff_message = 提示
diff_intake = 每个工作日新增
diff_kind = 种类
diff_state = 标准状态
diff_standards = 工作标准
diff_dwell = 目标停留时间
diff_rate = 目标转化率
diff_ideal = 理想持有量
diff_warn = 警告持有量
diff_at_most = 最大持有量
diff_methods = 方法
diff_cooling = 冷却期
diff_demand = 要求
diff_id = 标识
diff_by = 仅限
diff_reason_required = 必须说明理由
