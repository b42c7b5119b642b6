//! Invitations that nobody has answered yet. Of the link the database knows the SHA-256 only, so a mail cannot have the link that was
//! made with the invitation: the job that mails it makes a token of its own, and each try another, of which the last one is good.

use std::time::Duration;

use domain::Role;
use jiff::Timestamp;

use super::{Token, role};
use crate::{Claim, Error, Result, Storage, Workspace, jobs::interval};

/// How long somebody has to answer, from when the link was made.
const INVITATION_FOR: Duration = Duration::from_hours(7 * 24);

/// An invitation that is still open.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: i64,
    pub email: String,
    pub role: Role,
    /// Who made it, by name.
    pub by: Option<String>,
    pub expires_at: Timestamp,
    /// What became of its mail, if it is mailed.
    pub mail: Option<MailState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    Waiting,
    Sent,
    Failed,
}

/// An invitation whose mailing the caller has claimed.
#[derive(Debug, Clone, Copy)]
pub struct InvitationToSend {
    pub claim: Claim,
}

/// What its mail says.
#[derive(Debug, Clone)]
pub struct InvitationLetter {
    pub token: Token,
    pub email: String,
    pub workspace: String,
    pub role: Role,
    pub by: Option<String>,
    pub expires_at: Timestamp,
}

impl Storage {
    /// Invites whoever has this address, in place of an earlier invitation. With `is_mailed` the link that is answered opens nothing
    /// any more as soon as the mail is on its way.
    pub async fn invite(
        &self,
        workspace: &Workspace,
        email: &str,
        role: Role,
        is_mailed: bool,
    ) -> Result<Token> {
        let token = Token::new();
        let made = sqlx::query_scalar!(
            "select invite($1, $2, lower($3), $4, $5, $6, $7)",
            workspace.workspace_id,
            workspace.actor.person(),
            email,
            role.as_str(),
            &token.hash(),
            interval(INVITATION_FOR),
            is_mailed,
        );
        made.fetch_one(self.pool.of(workspace.workspace_id)).await?;
        Ok(token)
    }

    /// The workspace's open invitations, by address.
    pub async fn invitations(&self, workspace: &Workspace) -> Result<Vec<Invitation>> {
        let rows = sqlx::query!(
            r#"select l.link_id, l.email as "email!", l.role as "role!", p.name as "by?", l.expires_at, l.mail
               from one_time_link l left join person p on p.person_id = l.invited_by
               where l.workspace_id = $1 and l.kind = 'invitation' and l.expires_at > clock_timestamp()
               order by l.email"#,
            workspace.workspace_id,
        );
        let mut invitations = Vec::new();
        for row in rows.fetch_all(self.pool.of(workspace.workspace_id)).await? {
            invitations.push(Invitation {
                id: row.link_id,
                email: row.email,
                role: role(&row.role)?,
                by: row.by,
                expires_at: row.expires_at.into(),
                mail: row.mail.as_deref().map(mail_state).transpose()?,
            });
        }
        Ok(invitations)
    }

    /// Takes an invitation back: its link opens nothing any more, and its mail does not go out. False if there is none.
    pub async fn withdraw_invitation(&self, workspace: &Workspace, id: i64) -> Result<bool> {
        let withdrawn = sqlx::query!(
            "delete from one_time_link where link_id = $1 and workspace_id = $2 and kind = 'invitation'",
            id,
            workspace.workspace_id,
        );
        let withdrawn = withdrawn.execute(self.pool.of(workspace.workspace_id)).await?;
        Ok(withdrawn.rows_affected() == 1)
    }

    /// What the mail says, with a token that nobody has seen; nothing if it is not to go out any more, or by another job.
    pub async fn invitation_to_mail(
        &self,
        invitation: &InvitationToSend,
    ) -> Result<Option<InvitationLetter>> {
        let (claim, token) = (invitation.claim, Token::new());
        let row = sqlx::query!(
            r#"with mine as (
                   update one_time_link l set token_hash = $4, expires_at = clock_timestamp() + $5
                   where l.mail_job_id = $1 and l.mail = 'waiting' and l.expires_at > clock_timestamp()
                     and exists (select from job j where j.job_id = $1 and job_is_mine(j, $2, $3))
                   returning l.email, l.role, l.expires_at, l.workspace_id, l.invited_by
               )
               select m.email as "email!", m.role as "role!", m.expires_at as "expires_at!", w.name, p.name as "by?"
               from mine m join workspace w using (workspace_id) left join person p on p.person_id = m.invited_by"#,
            claim.job_id,
            claim.attempt,
            claim.owner,
            &token.hash(),
            interval(INVITATION_FOR),
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        Ok(Some(InvitationLetter {
            token,
            email: row.email,
            workspace: row.name,
            role: role(&row.role)?,
            by: row.by,
            expires_at: row.expires_at.into(),
        }))
    }

    /// Notes that the relay has taken the mail, if there was one, and ends its job; false if somebody else has it by now.
    pub async fn invitation_mailed(&self, invitation: &InvitationToSend) -> Result<bool> {
        let claim = invitation.claim;
        let ended = sqlx::query_scalar!(
            r#"select end_invitation_mail($1, $2, $3) as "ended!""#,
            claim.job_id,
            claim.attempt,
            claim.owner,
        );
        Ok(ended.fetch_one(&self.pool).await?)
    }
}

fn mail_state(text: &str) -> Result<MailState> {
    match text {
        "waiting" => Ok(MailState::Waiting),
        "sent" => Ok(MailState::Sent),
        "failed" => Ok(MailState::Failed),
        _ => Err(Error::Fault("what became of a mail cannot be read".to_owned())),
    }
}
