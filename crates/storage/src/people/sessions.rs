//! Browsers in which somebody has signed in.

use domain::{Role, WorkspaceId};
use jiff::Timestamp;

use super::{Person, Token, public_id, role};
use crate::{Actor, Result, Storage, Workspace};

/// Who asks, and what for they may ask.
#[derive(Debug, Clone)]
pub struct Session {
    pub person: Person,
    /// The password was right; the second factor has not come yet.
    pub is_half: bool,
    pub memberships: Vec<Membership>,
    /// What the next page says once.
    pub message: Option<serde_json::Value>,
    /// By the database's clock.
    pub now: Timestamp,
}

/// A workspace that the person is a member of.
#[derive(Debug, Clone)]
pub struct Membership {
    pub workspace: Workspace,
    pub name: String,
    pub role: Role,
}

/// One of a person's browsers.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// Names the session to its person, without opening it: the beginning of the hash.
    pub id: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub address: String,
    pub agent: String,
    pub is_this: bool,
}

impl Storage {
    /// Begins a session. `is_half`: the second factor is still to come.
    pub async fn begin_session(
        &self,
        person: &Person,
        is_half: bool,
        address: &str,
        agent: &str,
    ) -> Result<Token> {
        self.begin_session_of(person.person_id, is_half, address, agent)
            .await
    }

    /// The same for somebody who has just been made.
    pub async fn begin_session_of(
        &self,
        person_id: i64,
        is_half: bool,
        address: &str,
        agent: &str,
    ) -> Result<Token> {
        let token = Token::new();
        sqlx::query!(
            "with begun as (
                 insert into session (token_hash, person_id, is_half, address, agent) values ($1, $2, $3, $4, left($5, 255))
                 returning person_id, is_half
             )
             insert into audit_entry (workspace_id, person_id, action)
             select m.workspace_id, m.person_id, 'sign-in' from begun b join membership m using (person_id) where not b.is_half",
            &token.hash(),
            person_id,
            is_half,
            address,
            agent,
        )
        .execute(&self.pool)
        .await?;
        Ok(token)
    }

    /// The session of this cookie; none if it is unknown, was not used for twelve hours, or began a week ago. A half one
    /// ends after ten minutes.
    pub async fn session(&self, token: &Token) -> Result<Option<Session>> {
        let row = sqlx::query!(
            r#"with this as (
                   select s.person_id, s.is_half, s.message, s.seen_at, s.token_hash from session s
                   where s.token_hash = $1 and s.seen_at > clock_timestamp() - interval '12 hours'
                     and s.created_at > clock_timestamp()
                         - case when s.is_half then interval '10 minutes' else interval '7 days' end
               ), seen as (
                   update session s set seen_at = clock_timestamp(), message = null from this
                   where s.token_hash = this.token_hash
                     and (this.seen_at < clock_timestamp() - interval '1 minute' or this.message is not null)
               )
               select p.person_id, p.public_id, p.email, p.name, p.totp_secret is not null as "has_second_factor!",
                      t.is_half, t.message, clock_timestamp() as "now!",
                      array(select w.workspace_id from membership m join workspace w using (workspace_id)
                            where m.person_id = p.person_id order by w.name, w.workspace_id) as "workspace_ids!",
                      array(select w.public_id from membership m join workspace w using (workspace_id)
                            where m.person_id = p.person_id order by w.name, w.workspace_id) as "workspaces!",
                      array(select w.name from membership m join workspace w using (workspace_id)
                            where m.person_id = p.person_id order by w.name, w.workspace_id) as "names!",
                      array(select m.role from membership m join workspace w using (workspace_id)
                            where m.person_id = p.person_id order by w.name, w.workspace_id) as "roles!"
               from this t join person p using (person_id) where p.disabled_at is null"#,
            &token.hash(),
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let person = Person {
            person_id: row.person_id,
            public_id: public_id(&row.public_id)?,
            email: row.email,
            name: row.name,
            has_second_factor: row.has_second_factor,
        };
        let mut memberships = Vec::new();
        let workspaces = row.workspace_ids.into_iter().zip(row.workspaces);
        for ((workspace_id, workspace), (name, text)) in workspaces.zip(row.names.into_iter().zip(row.roles))
        {
            memberships.push(Membership {
                workspace: Workspace {
                    workspace_id,
                    actor: Actor::Person(person.person_id),
                    lists: None,
                    public_id: WorkspaceId::new(workspace)
                        .map_err(|_| crate::Error::Fault("a workspace's id cannot be read".to_owned()))?,
                },
                name,
                role: role(&text)?,
            });
        }
        Ok(Some(Session {
            person,
            is_half: row.is_half,
            memberships,
            message: row.message,
            now: row.now.into(),
        }))
    }

    /// What the session's next page says once.
    pub async fn leave_message(&self, token: &Token, message: &serde_json::Value) -> Result<()> {
        sqlx::query!(
            "update session set message = $2 where token_hash = $1",
            &token.hash(),
            message
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub async fn end_session(&self, token: &Token) -> Result<()> {
        sqlx::query!("delete from session where token_hash = $1", &token.hash())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The person's browsers, the one used last first.
    pub async fn sessions_of(&self, person: &Person, this: &Token) -> Result<Vec<OpenSession>> {
        let rows = sqlx::query!(
            r#"select left(encode(token_hash, 'hex'), 16) as "id!", created_at, seen_at, address, agent,
                      token_hash = $2 as "is_this!"
               from session where person_id = $1 and not is_half
                 and seen_at > clock_timestamp() - interval '12 hours'
                 and created_at > clock_timestamp() - interval '7 days'
               order by seen_at desc"#,
            person.person_id,
            &this.hash(),
        );
        let sessions = rows
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| OpenSession {
                id: row.id,
                created_at: row.created_at.into(),
                seen_at: row.seen_at.into(),
                address: row.address,
                agent: row.agent,
                is_this: row.is_this,
            });
        Ok(sessions.collect())
    }

    /// Ends all of the person's sessions but this one; answers how many.
    pub async fn end_other_sessions(&self, person: &Person, this: &Token) -> Result<u64> {
        let ended = sqlx::query!(
            "delete from session where person_id = $1 and token_hash <> $2",
            person.person_id,
            &this.hash(),
        );
        Ok(ended.execute(&self.pool).await?.rows_affected())
    }
}
