# 规则文件的数字与利特尔法则的对照。

figures_funnel = `{ $funnel }`：利特尔法则 { $formula }（{ $source }）：每名销售员的持有量 = 每工作日到达数 × 停留工作日；每工作日进入量：{ $intake }
figures_stage = `{ $stage }`：每工作日 { $arrivals } 个 × { $dwell } 个工作日 = 持有 { $held } 个；理想 { $ideal }，超过 { $warn } 警告，上限 { $at_most }；{ $rate } % 继续前进
figures_stage_open = `{ $stage }`：每工作日 { $arrivals } 个，{ $dwell } 个工作日；理想 { $ideal }，超过 { $warn } 警告，上限 { $at_most }；{ $rate } % 继续前进；无法得出持有量：{ $lacking }
figures_more = 还有 { $more } 个阶段的数字未列出
figures_lack_intake = 没有声明 `intake`
figures_lack_rate = 之前有阶段的 `rate` 缺失、分情况或为 0 %
figures_lack_dwell = 其 `dwell` 缺失或分情况
figures_lack_steadiness = 起始阶段按批分配
