-- Of a file that was stopped, codes that were given back still go out.
-- Found by: test couponry what_comes_back_to_a_stopped_file_waits_there
select pg_temp.spoil('choose_returned', ' and f.quarantined_at is null', '');
