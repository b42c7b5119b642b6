-- Ends a load: all of the file's codes may be handed out from here on. Of a dry run it is only noted how many the list would
-- get; it is judged like any other. `p_attempt` and `p_owner` are the worker's fencing token: nothing happens when the job is
-- someone else's by now (or the list was archived, the file deleted). `p_counts` are the storage's LoadCounts. Why a file has
-- failed is booked in the words of LoadFailure. That all of its blocks are there is counted, not supposed.
create or replace function publish_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_added bigint, p_codes_per_block integer, p_counts jsonb,
    p_most_codes bigint
) returns publish_file_outcome
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_list bigint;
    v_file bigint;
    v_lane text;
    v_dry_run boolean;
    v_blocks bigint;
    v_status text;
    v_expires_at timestamptz;
    v_now timestamptz;
    v_most bigint;
    v_outcome publish_file_outcome;
    v_failure text;
begin
    select j.list_id, j.file_id, j.lane into v_list, v_file, v_lane from job j where j.job_id = p_job;
    -- Before the gate: nobody but the job's worker writes them.
    select count(*) into v_blocks from block b where b.list_id = v_list and b.file_id = v_file;
    perform 1 from gate g where g.list_id = v_list for no key update;
    v_now := clock_timestamp();
    select c.status, c.expires_at into v_status, v_expires_at from coupon_list c where c.list_id = v_list;
    select f.dry_run into v_dry_run from coupon_file f where f.list_id = v_list and f.file_id = v_file;
    -- At most as many as the list has; they are only counted, which takes as long as there are exceptions, where that
    -- would be too many.
    select coalesce(sum(case when f.sealed_at is null then f.added else f.sealed_at + 1 - f.withdrawn end), 0)
        into v_most from coupon_file f where f.list_id = v_list and f.status = 'SUCCESS';
    v_outcome := case
        when v_status = 'ARCHIVED' then 'list-archived'
        when v_status = 'EXPIRED' or v_expires_at <= v_now then 'list-expired'
        when p_added > 0 and v_most + p_added > p_most_codes
             and (select s.total from stock(v_list, true, v_now) s) + p_added > p_most_codes then 'list-full'
        else 'published'
    end;
    if v_outcome <> 'published' then
        v_failure := case v_outcome
            when 'list-archived' then 'list archived'
            when 'list-expired' then 'list expired'
            else format('list would hold more than %s codes', p_most_codes)
        end;
        if fail_file(p_job, p_attempt, p_owner, v_failure, p_counts) then
            return v_outcome;
        end if;
        return 'stale';
    end if;
    if not end_job(p_job, p_attempt, p_owner, v_now) then
        return 'stale';
    end if;
    if v_lane <> 'load_file' then
        -- Only in this lane are the loads of a list one after another: a worker that does not know of lanes may have
        -- compared beside another load.
        raise exception 'the load of file % of list % was not in its turn', v_file, v_list;
    end if;
    if v_blocks <> (case when v_dry_run then 0 else (p_added + p_codes_per_block - 1) / p_codes_per_block end) then
        raise exception 'file % of list % has % blocks for % codes', v_file, v_list, v_blocks, p_added;
    end if;
    update coupon_file f
    set status = 'SUCCESS', stage = 'done', updated_at = v_now,
        published_at = case when not v_dry_run then v_now end,
        codes_per_block = case when not v_dry_run then p_codes_per_block end,
        added = case when v_dry_run then 0 else p_added end, would_add = case when v_dry_run then p_added end,
        used_up = v_dry_run or p_added = 0,
        duplicates = (p_counts ->> 'duplicates')::bigint,
        duplicates_in_file = (p_counts ->> 'duplicates_in_file')::bigint,
        duplicates_from_before = (p_counts ->> 'duplicates_from_before')::bigint,
        rejected = (p_counts ->> 'rejected')::bigint, rejected_for = p_counts -> 'rejected_for',
        rejections = p_counts -> 'rejections', rejections_bytes = (p_counts ->> 'rejections_bytes')::bigint,
        unseen = (p_counts ->> 'unseen')::bigint
    where f.list_id = v_list and f.file_id = v_file;
    perform note_at_gate(v_list);
    perform tell_end_of_file(v_list, v_file);
    return 'published';
end $$;
