-- Takes the gate of a job that has to do with a list's files; other jobs meet nobody at a gate.
create or replace function lock_gate_of_job(p_job bigint) returns void
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    select j.list_id into v_list from job j where j.job_id = p_job and j.kind in ('load_file', 'purge_list');
    if found then
        perform 1 from gate g where g.list_id = v_list for no key update;
    end if;
end $$;
