-- Ends a report, and tells those who asked for it. `p_failure` is null for one that can be read. Answers false if the
-- job is someone else's by now. A report that can be read has pieces of as many
-- bytes as were written.
create or replace function end_report(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_failure text, p_rows bigint,
    p_bytes bigint, p_gzip_bytes bigint
) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    if p_failure is null and p_gzip_bytes <> (
        select coalesce(sum(octet_length(p.bytes)), 0) from usage_report_piece p
        where p.list_id = p_list and p.report_id = p_report
    ) then
        raise exception 'the pieces of report % are not the % bytes that were written', p_report, p_gzip_bytes;
    end if;
    perform settle_report(p_list, p_report, p_failure, p_rows, p_bytes, p_gzip_bytes);
    return true;
end $$;
