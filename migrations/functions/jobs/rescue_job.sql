-- Takes back a job whose worker has fallen silent, and counts its death. The first time the job goes on at once, then
-- after pauses that grow, so that work that only happened to be near one that kills can be done in between. After
-- `p_most` deaths the job is given up. Answers false if the job needs no rescue (any more).
create or replace function rescue_job(p_job bigint, p_most integer, p_failure text) returns boolean
language plpgsql volatile as $$
declare
    v_deaths integer;
begin
    perform lock_gate_of_job(p_job);
    update job j set deaths = j.deaths + 1
        where j.job_id = p_job and j.state = 'running' and j.lease_until < clock_timestamp()
        returning j.deaths into v_deaths;
    if v_deaths is null then
        return false;
    end if;
    if v_deaths >= p_most then
        perform bury_job(p_job, p_failure);
    else
        perform make_ready(p_job, case when v_deaths = 1 then interval '0'
                                       else least(5 * 2 ^ (v_deaths - 1), 300) * interval '1 second' end);
    end if;
    return true;
end $$;
