-- A worker that stands still in the middle of its blocks is not ended when another one has its job.
-- Found by: test storage a_worker_that_stands_still_while_it_writes
select pg_temp.spoil('remove_unpublished', 'couponry load ', 'couponry upload ');
