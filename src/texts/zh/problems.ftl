# 问题：每个代码有标题（`title_<code>`）和句子（`<code>`），其后是请求中的具体错误。

title_malformed_url = 地址无法读取
malformed_url = 地址不是 UTF-8 文本，或含有控制字符
title_url_too_long = 地址过长
url_too_long = 路径与查询合计超过 { $bytes } 字节
title_headers_too_large = 请求头过大
headers_too_large = 请求头合计超过 { $bytes } 字节
title_malformed_header = 请求头无法读取
malformed_header = 请求中有一个请求头不符合要求
title_malformed_body = 请求体无法读取
malformed_body = 请求体不符合要求
title_body_too_large = 请求体过大
body_too_large = 请求体超过 { $bytes } 字节
title_unsupported_media_type = 此处不接受该媒体类型
unsupported_media_type = 请以 `{ $accepted }` 发送请求体，并在 `Content-Type` 中注明
title_request_too_slow = 请求耗时过长
request_too_slow = 请求未能在 { $seconds } 秒内完成
title_invalid_parameters = 参数有误
invalid_parameters = 请求的某些参数有误；`errors` 列出了是哪些以及原因
title_invalid_fields = 字段有误
invalid_fields = 请求体的某些字段有误；`errors` 列出了是哪些以及原因
title_dry_run_with_key = 试运行不接受幂等键
dry_run_with_key = 试运行不写入任何内容，无可重复：请去掉 `Idempotency-Key` 或 `dry_run`
title_unauthenticated = 尚未登录
unauthenticated = 需要有效的令牌；请登录并以 `Authorization: Bearer ...` 发送
title_not_permitted = 没有权限
not_permitted = 您的角色不允许这样做
title_not_found = 这里没有内容
not_found = 没有您可以查看的内容
title_method_not_allowed = 不支持该方法
method_not_allowed = 此地址不支持该方法；`Allow` 列出了支持的方法
title_conflict = 当前状态不允许
conflict = 当前状态不允许这样做，或期间发生了其他变化
title_idempotency_in_progress = 相同的请求正在处理
idempotency_in_progress = 带有此 `Idempotency-Key` 的请求仍在处理；请稍后再问
title_idempotency_key_reused = 幂等键已用于其他请求
idempotency_key_reused = 此 `Idempotency-Key` 已用于另一个请求；请换一个新的
title_version_required = 缺少版本
version_required = 请在 `If-Match` 中注明您看到的版本，即上次读取时的 `ETag`
title_version_changed = 期间已被修改
version_changed = 在您于 `If-Match` 中注明的版本之后已被修改；请重新读取
title_unmet = 规则要求更多
unmet = 规则要求的条件尚未满足；`unmet` 列出了全部
title_too_many_requests = 请求过多
too_many_requests = 请求过多；请等待 `Retry-After` 所示的秒数
title_internal = 服务器故障
internal = 问题出在服务器，与您无关；报告时请注明请求编号
title_unavailable = 暂时不可用
unavailable = 现在无法完成；请在 `Retry-After` 所示的秒数之后重试

json_malformed = 请求体不是 JSON：第 { $line } 行第 { $column } 列
json_key_twice = `{ $key }` 出现了两次：第 { $line } 行第 { $column } 列
body_broken_off = 请求体中断
body_not_utf8 = 请求体不是 UTF-8 文本
control_character = 不允许控制字符，备注中的制表符和换行除外
header_malformed = `{ $name }` 只能出现一次，且须为纯文本
if_match_malformed = `If-Match` 接受一个 `ETag` 中的版本，例如 `"v3"`，或 `*`
if_none_match_too_long = `If-None-Match` 最多 1000 个字符
idempotency_key_malformed = `Idempotency-Key` 须为 1 到 255 个可见 ASCII 字符
cursor_unknown = 此列表没有给出过这个游标
parameter_unknown = 没有参数 `{ $name }`{ $known ->
    [yes] ；是否指 `{ $near }`？
   *[no] {""}
}
parameter_repeated = 出现了不止一次
field_unknown = 没有字段 `{ $name }`{ $known ->
    [yes] ；是否指 `{ $near }`？
   *[no] {""}
}
required = 必须提供
not_one_of = `{ $name }` 不在 { $options } 之中{ $known ->
    [yes] ；是否指 `{ $near }`？
   *[no] {""}
}
not_a_text = 需要文本
not_an_integer = 需要整数
not_a_number = 需要数字
not_a_boolean = 需要 `true` 或 `false`
not_a_list = 需要列表
not_an_object = 需要对象
not_an_id = 需要编号（UUID）
not_a_date = 需要日期，例如 2026-03-02
not_a_time = 需要时间，例如 2026-03-02T10:00:00Z
not_an_email = 需要电子邮件地址
not_a_url = 需要网址
too_long = 最多允许 { $limit } 个字符
too_short = 至少需要 { $limit } 个字符
too_many = 最多允许 { $limit } 个
too_few = 至少需要 { $limit } 个
too_large = 最大允许 { $limit }
too_small = 最小需要 { $limit }
given_twice = 有重复
wrong_form = 形式不符合要求
title_sign_in_refused = 登录被拒绝
sign_in_refused = 登录名、密码或令牌不正确，或该用户不得登录
title_deal_moved = 商机在此期间已移动
title_deal_closed = 商机已关闭
title_already_there = 商机已在该阶段
title_no_such_move = 没有这样的移动
title_open_deal_exists = 已有进行中的商机
title_customer_exists = 客户已存在
customer_exists = 已存在身份相同的客户
customer_exists_visible = 即客户 { $customer }，{ $held ->
    [yes] 由 { $owner } 持有
   *[no] 目前无人持有
}
title_rules_in_use = 缺少正在使用的内容
rules_in_use = 新规则缺少正在使用的内容；未作任何更改
in_use = `{ $name }` 被使用 { $count } 次
title_rules_unchanged = 没有变化
rules_unchanged = 这些规则已经生效
title_rules_from_file = 规则来自文件
rules_from_file = 本系统的规则取自文件：请在文件中更改
title_rules_invalid = 规则有问题
rules_invalid = 规则有问题；未作任何更改
nobody_could = 按这些规则，将没有人拥有全部范围的 `{ $action }` 权限
no_grant = 您的角色都没有 `{ $action }` 权限
not_permitted_here = 您的角色在此没有 `{ $action }` 权限
user_unknown = 没有这个用户
field_not_indexed = `{ $field }` 不是可用于筛选和排序的字段；可用的有：{ $fields }
filter_form = 筛选条件为字段、冒号和值，例如 `source:web`
sort_unknown = `{ $sort }` 不是此列表的排序方式；可用的有 { $sorts } 以及 `fields.` 加上标记为 `index` 的字段
period_backwards = 期间的结束日期 { $to } 不晚于开始日期 { $from }
title_rules_by_another = 须由他人启用
rules_by_another = 这些规则要求更改须经两人：编写过草稿的人不得启用它
title_rules_by_draft_only = 须由他人启用
rules_by_draft_only = 这些规则要求更改须经两人：请先建立草稿，由他人启用
title_rules_migration_impossible = 不能这样变更
rules_migration_impossible = 对正在使用的内容所说的变更不可行；未作任何更改
migrate_of_another_kind = `{ $name }` 不能变为 `{ $target }`：两者种类不同
migrate_both_filled = `{ $name }` 不能变为 `{ $target }`：有 { $count } 条记录两者都有值
title_rules_names_used_before = 名称曾被使用
rules_names_used_before = 这些名称以前属于别的内容；如确实要用，请在 `migrate` 下写明：`again: [...]`
name_used_before = `{ $name }` 是版本 { $number } 删除的内容
title_rules_draft_outdated = 现行规则已不同
rules_draft_outdated = 草稿基于版本 { $parent }，拟取代版本 { $meant }，而现行版本是 { $active }：请更新草稿，或写明它取代版本 { $active }
title_rules_draft_scheduled = 草稿已排期
rules_draft_scheduled = 草稿已排期：请先撤回再编写
title_rules_draft_not_scheduled = 草稿未排期
rules_draft_not_scheduled = 草稿未排期
title_rules_draft_activated = 草稿已启用
rules_draft_activated = 草稿已成为版本 { $number }，不再更改
rules_version_unknown = 没有这个规则版本
schedule_in_the_past = 该时刻已过
schedule_without_owner = 排期人已不能登录
nobody_could_by_another = 按这些规则，将没有人能启用由他人编写的更改
title_rules_replay_ended = 重放已结束
rules_replay_ended = 重放已结束，无可取消
draft_or_version = 需要 `draft` 或 `version` 之一
replay_backwards = 期间的结束时刻 { $to } 不晚于开始时刻 { $from }
title_rules_preview_ended = 预览已结束
rules_preview_ended = 预览已结束，无可取消
title_rules_shadow_runs = 已有草稿在影子运行中
rules_shadow_runs = 已有草稿在影子运行中：请先停止
title_rules_shadow_ended = 影子运行已结束
rules_shadow_ended = 影子运行已结束，无可停止
draft_or_to = 需要 `draft` 或 `to` 之一
