-- Whether new codes may be handed out on this server: why not, or null. Asked by each process that hands out codes, when it
-- meets a server it does not know, and once a second. The first one ever asked writes the lineage down.
--   p_acknowledged_at  what the last answer said, null the first time
--   p_list … p_turn    the last allocation that the process has answered since, or null: if it is missing, so is whatever else
--                      came after a backup
--   p_accepts_promotion
--                      another timeline of the same cluster is taken for the right one, unless that allocation is missing
create or replace function check_lineage(p_acknowledged_at timestamptz, p_list bigint, p_file bigint, p_ordinal bigint,
                                         p_turn integer, p_accepts_promotion boolean)
returns table (server_started_at timestamptz, reason pause_reason, acknowledged_at timestamptz)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    v_now record;
    v_is_lost boolean := false;
begin
    select * into v_now from look_at_lineage();
    -- Another acknowledgement than the process knows: a later one settles what was lost, an earlier one is of a backup.
    if p_acknowledged_at > coalesce(v_now.acknowledged_at, '-infinity') then
        v_is_lost := true;
    elsif p_acknowledged_at = v_now.acknowledged_at and p_list is not null then
        v_is_lost := not exists (select from ledger l where l.list_id = p_list and l.file_id = p_file
                                 and l.ordinal = p_ordinal and l.turn = p_turn);
    end if;
    if v_now.acknowledged_at is null then
        update deployment d
            set cluster = v_now.cluster, timeline = v_now.timeline, database = v_now.database, relation = v_now.relation,
                acknowledged_at = clock_timestamp()
            where d.acknowledged_at is null;
    end if;
    if v_is_lost and v_now.reason is distinct from 'loss' then
        update deployment set loss_noticed_at = clock_timestamp();
    elsif v_now.reason = 'other-timeline' and p_accepts_promotion then
        update deployment set timeline = v_now.timeline;
    end if;
    return query select l.server_started_at, l.reason, l.acknowledged_at from look_at_lineage() l;
end $$;
