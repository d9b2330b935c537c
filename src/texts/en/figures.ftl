# Figures of a rules file beside Little's law.

figures_funnel = `{ $funnel }`: Little's law, { $formula } ({ $source }): a seller holds what arrives each working day × the working days it stays; intake each working day: { $intake }
figures_stage = `{ $stage }`: { $arrivals } a working day × { $dwell } working days = { $held } held; ideal { $ideal }, warning above { $warn }, at most { $at_most }; { $rate } % go on
figures_stage_open = `{ $stage }`: { $arrivals } a working day, { $dwell } working days; ideal { $ideal }, warning above { $warn }, at most { $at_most }; { $rate } % go on; what is held is not said: { $lacking }
figures_more = more stages with figures, not told here: { $more }
figures_lack_intake = no `intake` is declared
figures_lack_rate = a `rate` before it is missing, has cases or is 0 %
figures_lack_dwell = its `dwell` is missing or has cases
figures_lack_steadiness = the start is dealt out in batches
