-- What a killed load had written stays under the file.
-- Found by: test storage loading
select pg_temp.spoil('remove_unpublished', 'if lock_my_job(p_job, p_attempt, p_owner) then', 'if false then');
