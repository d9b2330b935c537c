# problems
not_found = 没有您可以查看的内容
