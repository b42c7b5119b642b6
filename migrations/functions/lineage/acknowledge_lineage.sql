-- The lineage that the operator has been shown is the one to hand out codes of. False if it is another one by now.
create or replace function acknowledge_lineage(p_cluster bigint, p_timeline bigint, p_database bigint, p_relation bigint)
returns boolean
language plpgsql volatile as $$
declare
    v_now record;
begin
    select * into v_now from look_at_lineage();
    if (v_now.cluster, v_now.timeline, v_now.database, v_now.relation)
        <> (p_cluster, p_timeline, p_database, p_relation)
    then
        return false;
    end if;
    update deployment
        set cluster = p_cluster, timeline = p_timeline, database = p_database, relation = p_relation,
            acknowledged_at = clock_timestamp(), loss_noticed_at = null;
    return true;
end $$;
