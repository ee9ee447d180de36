"""The rules, one file each, named by id: `l2s401_no_answer.py`. They are discovered; none is listed anywhere."""
