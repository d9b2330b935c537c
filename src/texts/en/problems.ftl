# problems
not_found = nothing here that you may see
