"""l2tpscope: a passive L2TP traffic analyzer that explains and measures."""
