-- A usage report that is deleted before its week is over.

-- Removes the report, what builds it and what would tell of it. Answers false if the workspace has no such report. The
-- report's row first: whoever keeps a piece holds it (see `keep_report_piece`), so that no piece comes after.
create function delete_report(p_workspace bigint, p_public_id bytea) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
    v_report bigint;
begin
    delete from usage_report r using coupon_list c
        where r.public_id = p_public_id and c.list_id = r.list_id and c.workspace_id = p_workspace
        returning r.list_id, r.report_id into v_list, v_report;
    if not found then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = v_list and p.report_id = v_report;
    delete from job j
        where j.list_id = v_list and j.kind in ('build_report', 'send_mail')
          and (j.payload ->> 'report_id')::bigint = v_report
          and (j.kind = 'build_report' or j.payload ->> 'mail' = 'report');
    return true;
end $$;

-- Keeps a piece for whoever has the job of building the report. False if that is someone else by now, or the report is
-- gone. Two workers on one report cannot both keep a piece with one number.
create function keep_report_piece(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from usage_report r
        where r.list_id = p_list and r.report_id = p_report and r.status = 'PENDING' for key share;
    if not found then
        return false;
    end if;
    perform 1 from job j
        where j.job_id = p_job and j.attempt = p_attempt and j.lease_owner = p_owner and j.state = 'running';
    if not found then
        return false;
    end if;
    insert into usage_report_piece (list_id, report_id, number, bytes) values (p_list, p_report, p_number, p_bytes);
    return true;
end $$;
