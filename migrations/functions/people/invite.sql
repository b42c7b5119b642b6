-- Invites whoever has this address to the workspace, or does so anew: an earlier invitation opens nothing any more, and its mail does
-- not go out. With `p_is_mailed` a job mails it, with a token that the job makes. Answers the invitation's number.
create or replace function invite(
    p_workspace bigint, p_by bigint, p_email text, p_role text, p_token_hash bytea, p_good_for interval, p_is_mailed boolean
) returns bigint
language plpgsql volatile as $$
declare
    v_link bigint;
    v_job bigint;
begin
    insert into one_time_link as l (token_hash, kind, workspace_id, email, role, invited_by, expires_at)
        values (p_token_hash, 'invitation', p_workspace, p_email, p_role, p_by, clock_timestamp() + p_good_for)
        on conflict (workspace_id, email) where kind = 'invitation' do update
            set token_hash = excluded.token_hash, role = excluded.role, invited_by = excluded.invited_by,
                expires_at = excluded.expires_at, mail = null, mail_job_id = null
        returning l.link_id into v_link;
    if p_is_mailed then
        insert into job (kind, workspace_id) values ('send_invitation', p_workspace) returning job_id into v_job;
        update one_time_link l set mail = 'waiting', mail_job_id = v_job where l.link_id = v_link;
    end if;
    return v_link;
end $$;
