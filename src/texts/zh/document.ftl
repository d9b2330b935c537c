# 实时文档。

document_title = 漏斗：{ $roles }
document_about = 本文档由{ $version ->
    [draft] 草稿
   *[other] 第 { $version } 版
}规则为角色 { $roles } 生成：规则里的词就是类型，这些角色永远不能做或看不到的不在其中。
document_funnel = 漏斗的标识。
document_stage = 阶段的标识。
document_stage_of = “{ $funnel }”各阶段的标识。
document_grade = 评级的标识。
document_product = 产品的标识。
document_reason = 放弃原因的标识。
document_role = 角色的标识。
document_activity = 活动种类的标识。
document_outcome = 活动结果的标识。
document_method = 销售方法的标识。
document_move = 移动的标识。
document_hidden = 不对您显示的值。
document_money = { $currency } 金额：以最小货币单位的整数表示。
document_fields_shown = 公司自己的字段，按您所见。
document_fields_new = 您可以填写的公司自己的字段。
document_fields_patch = 您可以修改的公司自己的字段。没有写的保持不变；null 清空字段。
document_move_to = 移动“{ $move }”，到“{ $label }”。
document_move_demands = 它对记录的要求：{ $fields }。
document_move_to_any = 到“{ $label }”的移动。
document_deal_in = “{ $funnel }”中的商机。
document_new_deal_in = 要在“{ $funnel }”中新建的商机。
document_activity_of = 要记录的活动“{ $label }”。

# 两份实时文档的差别。
contract_operation_added = { $place }：现在可以请求
contract_operation_removed = { $place }：不能再请求
contract_parameter_added = { $place }：新增的参数
contract_parameter_removed = { $place }：参数已取消
contract_kind_added = { $place }：现在也可以是 { $kinds }
contract_kind_removed = { $place }：不再会是 { $kinds }
contract_value_added = { $place }：现在也可以是 { $values }
contract_value_removed = { $place }：不再会是 { $values }
contract_values_listed = { $place }：现在只能取列出的值
contract_values_free = { $place }：不再限于列出的值
contract_limit = { $place }：{ $limit } 为 { $after }，原为 { $before }
contract_property_added = { $place }：新增
contract_property_demanded = { $place }：新增，且必须填写
contract_property_removed = { $place }：已取消
contract_property_required = { $place }：现在必有或必填
contract_property_optional = { $place }：现在可以不填
