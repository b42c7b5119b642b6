//! Who belongs to a workspace.

use domain::{PublicId, Role};
use jiff::Timestamp;

use super::{Person, public_id, role};
use crate::{Result, Storage, Workspace};

/// A person of a workspace.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub role: Role,
    pub since: Timestamp,
    /// When any of the person's browsers was used last.
    pub seen_at: Option<Timestamp>,
}

/// Somebody who can sign in, and where.
#[derive(Debug, Clone)]
pub struct Somebody {
    pub person: Person,
    /// By the ids of their keys.
    pub workspaces: Vec<String>,
}

impl Storage {
    /// Everybody who can sign in.
    pub async fn people(&self) -> Result<Vec<Somebody>> {
        let rows = sqlx::query!(
            r#"select p.person_id, p.public_id, p.email, p.name, p.totp_secret is not null as "has_second_factor!",
                      array(select w.public_id from membership m join workspace w using (workspace_id)
                            where m.person_id = p.person_id order by w.public_id) as "workspaces!"
               from person p where p.disabled_at is null order by p.email"#
        );
        let mut people = Vec::new();
        for row in rows.fetch_all(&self.pool).await? {
            people.push(Somebody {
                person: Person {
                    person_id: row.person_id,
                    public_id: public_id(&row.public_id)?,
                    email: row.email,
                    name: row.name,
                    has_second_factor: row.has_second_factor,
                },
                workspaces: row.workspaces,
            });
        }
        Ok(people)
    }

    pub async fn members(&self, workspace: &Workspace) -> Result<Vec<Member>> {
        let rows = sqlx::query!(
            r#"select p.person_id, p.public_id, p.email, p.name, p.totp_secret is not null as "has_second_factor!", m.role,
                      m.created_at,
                      (select max(s.seen_at) from session s where s.person_id = p.person_id and not s.is_half) as seen_at
               from membership m join person p using (person_id)
               where m.workspace_id = $1 and p.disabled_at is null order by p.name, p.person_id"#,
            workspace.workspace_id,
        );
        let mut members = Vec::new();
        for row in rows.fetch_all(self.pool.of(workspace.workspace_id)).await? {
            members.push(Member {
                person: Person {
                    person_id: row.person_id,
                    public_id: public_id(&row.public_id)?,
                    email: row.email,
                    name: row.name,
                    has_second_factor: row.has_second_factor,
                },
                role: role(&row.role)?,
                since: row.created_at.into(),
                seen_at: row.seen_at.map(Into::into),
            });
        }
        Ok(members)
    }

    /// Changes what a member may do, or ends the membership, and ends the person's sessions. `None` if nobody of this id is a
    /// member; false if the workspace would be without an admin.
    pub async fn change_role(
        &self,
        workspace: &Workspace,
        person: PublicId,
        role: Option<Role>,
    ) -> Result<Option<bool>> {
        let found = sqlx::query_scalar!(
            "select p.person_id from person p join membership m using (person_id)
             where p.public_id = $1 and m.workspace_id = $2",
            person.as_bytes(),
            workspace.workspace_id,
        );
        let Some(person_id) = found.fetch_optional(self.pool.of(workspace.workspace_id)).await? else {
            return Ok(None);
        };
        let changed = sqlx::query_scalar!(
            r#"select change_role($1, $2, $3) as "changed!""#,
            workspace.workspace_id,
            person_id,
            role.map(Role::as_str),
        );
        Ok(Some(
            changed.fetch_one(self.pool.of(workspace.workspace_id)).await?,
        ))
    }

    /// Makes whoever has this address an admin of every workspace, as from the command line; somebody who is there keeps
    /// the name.
    pub async fn make_admin(&self, email: &str, name: &str) -> Result<()> {
        let id: [u8; 12] = rand::random();
        let made = sqlx::query!(
            "with made as (
                 insert into person (public_id, email, name) values ($1, lower($2), $3)
                 on conflict on constraint person_email_unique do update set email = excluded.email returning person_id
             ), forgotten as (delete from one_time_link l using made m where l.person_id = m.person_id)
             insert into membership (person_id, workspace_id, role)
             select m.person_id, w.workspace_id, 'admin' from made m, workspace w
             on conflict (person_id, workspace_id) do update set role = excluded.role, by_provider = false",
            &id,
            email,
            name,
        );
        made.execute(&self.pool).await?;
        Ok(())
    }

    /// Shuts a person out. False if nobody of this address could sign in.
    pub async fn disable_person(&self, email: &str) -> Result<bool> {
        let disabled = sqlx::query!(
            "with gone as (
                 update person set disabled_at = clock_timestamp() where email = lower($1) and disabled_at is null
                 returning person_id
             ), ended as (delete from session s using gone where s.person_id = gone.person_id)
             select person_id from gone",
            email,
        );
        Ok(disabled.fetch_optional(&self.pool).await?.is_some())
    }
}
