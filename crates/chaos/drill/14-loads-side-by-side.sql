-- Two files of a list are loaded at once, and neither sees what the other brings.
-- Found by: test couponry files_that_overlap_come_at_once_and_each_code_is_added_once
select pg_temp.spoil('claim_job', 'where r.list_id = j.list_id and r.lane = ''load_file'' and r.state = ''running''', 'where false');
drop index job_one_load_a_list;
