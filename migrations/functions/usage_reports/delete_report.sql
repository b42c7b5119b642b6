-- Removes the report, what builds it, what would tell of it and what became of its mails. Answers false if the workspace has
-- no such report, or none of these lists has it (null: all). The jobs are locked first, as by everything that changes both: whoever keeps a piece holds its job and the
-- report, so that no piece comes after.
create or replace function delete_report(p_workspace bigint, p_public_id bytea, p_lists bigint[]) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
    v_report bigint;
    v_jobs bigint[];
begin
    select r.list_id, r.report_id into v_list, v_report
        from usage_report r join coupon_list c using (list_id)
        where r.public_id = p_public_id and c.workspace_id = p_workspace
          and (p_lists is null or r.list_id = any (p_lists));
    if not found then
        return false;
    end if;
    v_jobs := array(
        select j.job_id from job j
        where j.list_id = v_list and j.kind in ('build_report', 'send_mail')
          and (j.payload ->> 'report_id')::bigint = v_report
          and (j.kind = 'build_report' or j.payload ->> 'mail' = 'report')
        order by j.job_id for update);
    delete from usage_report r where r.list_id = v_list and r.report_id = v_report;
    if not found then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = v_list and p.report_id = v_report;
    delete from report_mail m where m.list_id = v_list and m.report_id = v_report;
    delete from job j where j.job_id = any (v_jobs);
    -- A report that was ready in between has told of itself.
    delete from job j
        where j.list_id = v_list and j.kind = 'send_mail' and j.state = 'ready' and j.payload ->> 'mail' = 'report'
          and (j.payload ->> 'report_id')::bigint = v_report;
    return true;
end $$;
