-- The lineage that the data is of now, and what about it speaks against handing out new codes: null if nothing does. With the
-- instant the server was started at: nothing of its lineage changes while it runs.
create or replace function look_at_lineage()
returns table (server_started_at timestamptz, cluster bigint, timeline bigint, database bigint, relation bigint,
               reason pause_reason, acknowledged_at timestamptz)
language plpgsql volatile as $$
#variable_conflict use_column
begin
    return query
        select pg_postmaster_start_time(), now.cluster, now.timeline, now.database, now.relation,
               case when d.loss_noticed_at is not null then 'loss'
                    when now.cluster <> d.cluster then 'other-cluster'
                    when (now.database, now.relation) <> (d.database, d.relation) then 'copy'
                    when now.timeline <> d.timeline then 'other-timeline'
               end::pause_reason,
               d.acknowledged_at
        from deployment d
        cross join lateral (
            select s.system_identifier as cluster, current_timeline() as timeline, b.oid::bigint as database,
                   d.tableoid::bigint as relation
            from pg_control_system() s, pg_database b where b.datname = current_database()
        ) now;
end $$;
