-- Places the tables of a database that has the extension Citus on its machines. Run after the migrations by whatever runs
-- those, and only there; it does what has not been done yet, so it may be run again. It runs in one transaction.
--
-- What belongs to one list is on one worker, all of it (distributed by `list_id`, and placed with `gate`): a call for codes
-- is made there, on tables that are there. What functions on the workers read of all lists is on every machine
-- (`coupon_list`). Everything else stays on the coordinator, jobs among it.

do $$
declare
    v_table text;
    v_function record;
    -- What belongs to one list, `gate` first.
    v_of_list constant text[] := array[
        'gate', 'coupon_file', 'block', 'ledger', 'event', 'returned', 'returned_cursor', 'disabled', 'disabled_run', 'hold',
        'campaign'];
    -- What is called where the list is, with the list first.
    v_called_there constant text[] := array[
        'allocate', 'known_allocations', 'allocations_at', 'confirm', 'redeem', 'disable', 'code_passport', 'find_code',
        'codes_in_runs', 'refused_codes', 'ledger_page', 'allocations_of_user', 'blocks_from', 'stock', 'stock_now',
        'hand_outs_between', 'pace', 'read_list'];
    -- And what those call.
    v_needed_there constant text[] := array[
        'known_is_refused', 'none_is_known', 'places_served', 'choose_returned', 'pass_returned', 'choose_run_out_holds',
        'end_holds', 'remove_holds', 'add_to_disabled_run', 'note_at_gate', 'what_gate_knows', 'ledger_page_between',
        'first_since'];
begin
    -- Of servers that start at the same time one does it, and the others find it done.
    perform pg_advisory_xact_lock(7166092301182);
    if not exists (select from pg_dist_node where groupid = 0) then
        raise exception 'the coordinator is not among the nodes of the cluster'
            using hint = 'Run: select citus_set_coordinator_host(''its name, as the workers know it'')';
    end if;
    -- One list after the other, so that tables that refer to each other are made on the same connections.
    set local citus.multi_shard_modify_mode to 'sequential';

    -- The shards are the partitions: each table becomes a plain one, with what its partitions have.
    foreach v_table in array array['block', 'ledger', 'event'] loop
        if exists (select from pg_class where oid = v_table::regclass and relkind = 'p') then
            execute format('create table %1$s_in_one (like %1$s_0 including all)', v_table);
            execute format('insert into %1$s_in_one select * from %1$s', v_table);
            execute format('drop table %1$s', v_table);
            execute format('alter table %1$s_in_one rename to %1$s', v_table);
        end if;
    end loop;
    -- `like` leaves out what is set on a whole table.
    alter table block set (toast_tuple_target = 8160);

    if not exists (select from pg_dist_partition where logicalrelid = 'coupon_list'::regclass) then
        -- Workspaces stay on the coordinator, where nothing removes one; a table that is everywhere cannot refer to them.
        alter table coupon_list drop constraint coupon_list_workspace_id_fkey;
        perform create_reference_table('coupon_list');
    end if;
    foreach v_table in array v_of_list loop
        if not exists (select from pg_dist_partition where logicalrelid = v_table::regclass) then
            perform case v_table when 'gate' then create_distributed_table('gate', 'list_id', shard_count := 32)
                                 else create_distributed_table(v_table, 'list_id', colocate_with := 'gate') end;
        end if;
    end loop;

    for v_function in
        select p.oid::regprocedure as signature, p.proname::text as name,
               coalesce('plan_cache_mode=force_custom_plan' = any (p.proconfig), false) as is_planned_anew,
               coalesce('plan_cache_mode=force_generic_plan' = any (p.proconfig), false) as is_planned_once,
               o.objid is not null as is_there, o.distribution_argument_index is not null as is_called_there
        from pg_proc p left join pg_dist_object o on o.classid = 'pg_proc'::regclass and o.objid = p.oid
        where p.pronamespace = (select c.relnamespace from pg_class c where c.oid = 'gate'::regclass)
        order by p.proname
    loop
        -- Citus has to see which list it is before it can plan. Nor may its plans be kept: from 13.2.1 on (14.0.1 too) a plan
        -- that is kept on a worker grows by some 30 kB each time it is used.
        if v_function.is_planned_once
           or v_function.name = any (v_called_there || v_needed_there) and not v_function.is_planned_anew then
            execute format('alter function %s set plan_cache_mode = force_custom_plan', v_function.signature);
        end if;
        if v_function.name = any (v_called_there) and not v_function.is_called_there then
            perform create_distributed_function(v_function.signature, '$1', colocate_with := 'gate');
        elsif v_function.name = any (v_needed_there) and not v_function.is_there then
            perform create_distributed_function(v_function.signature);
        end if;
    end loop;
end $$;
