//! Links that open once.

use std::time::Duration;

use domain::{Name, PublicId, Role};
use secrecy::SecretString;

use super::{Person, Token, passwords, role};
use crate::{Error, Result, Storage, Workspace, jobs::interval};

/// How long the first start's link is good for; the next start makes another.
const SETUP_FOR: Duration = Duration::from_hours(24);
const PASSWORD_FOR: Duration = Duration::from_hours(24);
const SIGN_IN_FOR: Duration = Duration::from_hours(1);

/// What a link is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkKind {
    /// Making the first person, as long as there is none.
    Setup,
    /// Becoming a member of a workspace.
    Invitation {
        email: String,
        workspace: String,
        role: Role,
        /// Whether the address is somebody's who can sign in already.
        is_known: bool,
    },
    /// Choosing a password.
    Password { email: String },
    /// Signing in without one.
    SignIn,
}

/// A link that is still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeLink {
    pub kind: LinkKind,
}

/// What became of a link that was followed.
#[derive(Debug)]
pub enum AcceptLink {
    /// Whose it was, or who was made.
    Accepted(i64),
    Refused(AcceptLinkRefusal),
}

/// Why a link was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "accept_link_refusal", rename_all = "kebab-case")]
pub enum AcceptLinkRefusal {
    /// It is unknown, used or too old.
    Gone,
    /// Somebody has set the installation up.
    SetUp,
    /// The invited address is somebody's though a new person came, or nobody's though a known one did.
    OtherPerson,
}

impl Storage {
    /// A link by which the first person can be made; none if there is somebody.
    pub async fn setup_link(&self) -> Result<Option<Token>> {
        let token = Token::new();
        let made = sqlx::query!(
            "insert into one_time_link (token_hash, kind, expires_at)
             select $1, 'setup', clock_timestamp() + $2 where not exists (select from person)",
            &token.hash(),
            interval(SETUP_FOR),
        );
        let made = made.execute(&self.pool).await?;
        Ok((made.rows_affected() == 1).then_some(token))
    }

    /// A link by which the person of this address chooses a password; none if nobody has it.
    pub async fn password_link(&self, email: &str) -> Result<Option<Token>> {
        self.link_of_person(email, "password", PASSWORD_FOR).await
    }

    /// A link by which a member of the workspace chooses another password, for an admin to pass on. `None` if nobody of this
    /// id is a member; no token if the member belongs to a workspace too that the admin has no say in, since the link opens that
    /// one as well.
    pub async fn password_link_for_member(
        &self,
        workspace: &Workspace,
        admin: &Person,
        member: PublicId,
    ) -> Result<Option<Option<Token>>> {
        let token = Token::new();
        let made = sqlx::query_scalar!(
            r#"with member as (
                   select p.person_id,
                          not exists (
                              select from membership o where o.person_id = p.person_id and not exists (
                                  select from membership a
                                  where a.workspace_id = o.workspace_id and a.person_id = $5 and a.role = 'admin')) as is_ours
                   from person p join membership m using (person_id)
                   where p.public_id = $3 and m.workspace_id = $4 and p.disabled_at is null
               ), made as (
                   insert into one_time_link (token_hash, kind, person_id, expires_at)
                   select $1, 'password', person_id, clock_timestamp() + $2 from member where is_ours
               )
               select is_ours as "is_ours!" from member"#,
            &token.hash(),
            interval(PASSWORD_FOR),
            member.as_bytes(),
            workspace.workspace_id,
            admin.person_id,
        );
        let made = made.fetch_optional(self.pool.of(workspace.workspace_id)).await?;
        Ok(made.map(|is_ours| is_ours.then_some(token)))
    }

    /// A link that signs the person of this address in, once; none if nobody has it.
    pub async fn sign_in_link(&self, email: &str) -> Result<Option<Token>> {
        self.link_of_person(email, "sign-in", SIGN_IN_FOR).await
    }

    async fn link_of_person(&self, email: &str, kind: &str, good_for: Duration) -> Result<Option<Token>> {
        let token = Token::new();
        let made = sqlx::query!(
            "insert into one_time_link (token_hash, kind, person_id, expires_at)
             select $1, $2, p.person_id, clock_timestamp() + $3 from person p
             where p.email = lower($4) and p.disabled_at is null",
            &token.hash(),
            kind,
            interval(good_for),
            email,
        );
        let made = made.execute(&self.pool).await?;
        Ok((made.rows_affected() == 1).then_some(token))
    }

    /// What the link is good for; nothing if it is unknown, used or too old.
    pub async fn one_time_link(&self, token: &Token) -> Result<Option<OneTimeLink>> {
        let row = sqlx::query!(
            r#"select l.kind, l.email, l.role, w.name as "workspace?", p.email as "person_email?",
                      exists (select from person k where k.email = l.email) as "is_known!"
               from one_time_link l
               left join workspace w using (workspace_id)
               left join person p on p.person_id = l.person_id
               where l.token_hash = $1 and l.expires_at > clock_timestamp()
                 and (l.kind <> 'setup' or not exists (select from person))"#,
            &token.hash(),
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let unreadable = || Error::Fault("a link cannot be read".to_owned());
        let kind = match row.kind.as_str() {
            "setup" => LinkKind::Setup,
            "invitation" => LinkKind::Invitation {
                email: row.email.ok_or_else(unreadable)?,
                workspace: row.workspace.ok_or_else(unreadable)?,
                role: role(&row.role.ok_or_else(unreadable)?)?,
                is_known: row.is_known,
            },
            "password" => LinkKind::Password {
                email: row.person_email.ok_or_else(unreadable)?,
            },
            "sign-in" => LinkKind::SignIn,
            _ => return Err(unreadable()),
        };
        Ok(Some(OneTimeLink { kind }))
    }

    /// Makes the first person, admin of every workspace.
    pub async fn set_up(
        &self,
        link: &Token,
        email: &str,
        name: &Name,
        password: &SecretString,
    ) -> Result<AcceptLink> {
        let password = passwords::hash(password).await?;
        let id: [u8; 12] = rand::random();
        let row = sqlx::query!(
            "select made, refusal from set_up($1, $2, lower($3), $4, $5)",
            &link.hash(),
            &id,
            email,
            name.as_str(),
            password,
        )
        .fetch_one(&self.pool)
        .await?;
        accepted(row.made, row.refusal)
    }

    /// Makes somebody new, whom an invitation was sent to, a member.
    pub async fn accept_invitation(
        &self,
        link: &Token,
        name: &Name,
        password: &SecretString,
    ) -> Result<AcceptLink> {
        let password = passwords::hash(password).await?;
        self.join(link, Some((name, password))).await
    }

    /// Makes somebody who can sign in already, and whom an invitation was sent to, a member.
    pub async fn accept_invitation_as_known(&self, link: &Token) -> Result<AcceptLink> {
        self.join(link, None).await
    }

    async fn join(&self, link: &Token, somebody: Option<(&Name, String)>) -> Result<AcceptLink> {
        let id: [u8; 12] = rand::random();
        let (name, password) = somebody.unzip();
        let row = sqlx::query!(
            "select made, refusal from accept_invitation($1, $2, $3, $4)",
            &link.hash(),
            &id,
            name.map(Name::as_str),
            password,
        )
        .fetch_one(&self.pool)
        .await?;
        accepted(row.made, row.refusal)
    }

    /// Gives the link's person this password; all browsers have to sign in again. False if the link is good for nothing.
    pub async fn choose_password(&self, link: &Token, password: &SecretString) -> Result<bool> {
        let password = passwords::hash(password).await?;
        let chosen = sqlx::query_scalar!("select choose_password($1, $2)", &link.hash(), password);
        Ok(chosen.fetch_one(&self.pool).await?.is_some())
    }

    /// Uses up a link that signs in.
    pub async fn follow_sign_in_link(&self, link: &Token) -> Result<Option<Person>> {
        let row = sqlx::query!(
            "with used as (
                 delete from one_time_link
                 where token_hash = $1 and kind = 'sign-in' and expires_at > clock_timestamp() returning person_id
             )
             select p.person_id, p.public_id, p.email, p.name
             from used join person p using (person_id) where p.disabled_at is null",
            &link.hash(),
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        Ok(Some(Person {
            person_id: row.person_id,
            public_id: super::public_id(&row.public_id)?,
            email: row.email,
            name: row.name,
            has_second_factor: false,
        }))
    }

    /// Forgets links that open nothing any more, sessions that have ended, who has not come back from the identity provider, and
    /// old counts of failures.
    pub async fn forget_ended_sign_ins(&self) -> Result<()> {
        for statement in [
            "delete from one_time_link where expires_at < clock_timestamp()",
            "delete from session where seen_at < clock_timestamp() - interval '12 hours'
                 or created_at < clock_timestamp() - interval '7 days'",
            "delete from provider_visit where created_at < clock_timestamp() - interval '10 minutes'",
            "delete from sign_in_attempt where since < clock_timestamp() - interval '15 minutes'",
        ] {
            sqlx::query(statement).execute(&self.bulk).await?;
        }
        Ok(())
    }
}

fn accepted(made: Option<i64>, refusal: Option<AcceptLinkRefusal>) -> Result<AcceptLink> {
    match (made, refusal) {
        (_, Some(refusal)) => Ok(AcceptLink::Refused(refusal)),
        (Some(person), None) => Ok(AcceptLink::Accepted(person)),
        (None, None) => Err(Error::Fault("a link made nobody".to_owned())),
    }
}
