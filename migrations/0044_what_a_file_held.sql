-- What the owner of a file is told beside its counts: the first line of a file without a header, and how many codes hold
-- something that cannot be seen. The line is a column of its own, since it may be a code: mails and callbacks carry the
-- reason without it.

alter table coupon_file
    add column first_line text,
    add column unseen bigint not null default 0;

-- Ends a load that came to nothing, as before, and notes the first line.
create function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_duplicates bigint, p_rejected bigint,
    p_rejections jsonb, p_first_line text
) returns boolean
language plpgsql volatile as $$
begin
    if not fail_file(p_job, p_attempt, p_owner, p_failure, p_duplicates, p_rejected, p_rejections) then
        return false;
    end if;
    if p_first_line is not null then
        update coupon_file f set first_line = p_first_line
            from job j where j.job_id = p_job and f.list_id = j.list_id and f.file_id = j.file_id;
    end if;
    return true;
end $$;

-- Ends a load, as before, and notes how many codes hold something that cannot be seen.
create function publish_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_added bigint, p_codes_per_block integer, p_duplicates bigint,
    p_rejected bigint, p_rejections jsonb, p_most_codes bigint, p_unseen bigint
) returns text
language plpgsql volatile as $$
declare
    v_outcome text := publish_file(p_job, p_attempt, p_owner, p_added, p_codes_per_block, p_duplicates, p_rejected,
                                   p_rejections, p_most_codes);
begin
    if v_outcome = 'published' and p_unseen > 0 then
        update coupon_file f set unseen = p_unseen
            from job j where j.job_id = p_job and f.list_id = j.list_id and f.file_id = j.file_id;
    end if;
    return v_outcome;
end $$;
