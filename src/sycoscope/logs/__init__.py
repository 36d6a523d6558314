"""Logs of other tools, before and after: read, paired document by document, compared.

`found` tells what lies at a path; `inspect_log` and `lm_eval_log` read it, sample by sample; `documents` reduces
several draws of one document; `pairs` is the table that everything after it starts from; `changes` has the statistics,
`checks` what may not be believed, `comparison` puts both together and `store` keeps it.
"""
