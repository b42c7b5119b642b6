-- Adds an ordinal to the ranges, and joins those that then touch; the caller holds the gate and has seen that it is not
-- in one.
create or replace function add_to_disabled_run(p_list bigint, p_file bigint, p_ordinal bigint) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan
as $$
declare
    v_first bigint;
    v_last bigint;
begin
    select r.first, r.last into v_first, v_last from disabled_run r
        where r.list_id = p_list and r.file_id = p_file and r.first <= p_ordinal order by r.first desc limit 1;
    if v_last is null or v_last < p_ordinal - 1 then
        v_first := null;
    end if;
    delete from disabled_run r where r.list_id = p_list and r.file_id = p_file and r.first = p_ordinal + 1
        returning r.last into v_last;
    if not found then
        v_last := p_ordinal;
    end if;
    if v_first is not null then
        update disabled_run r set last = v_last
            where r.list_id = p_list and r.file_id = p_file and r.first = v_first;
    else
        insert into disabled_run (list_id, file_id, first, last) values (p_list, p_file, p_ordinal, v_last);
    end if;
    perform 1 from gate g where g.list_id = p_list and not g.has_disabled;
    if found then
        perform note_at_gate(p_list);
    end if;
end $$;
