//! What the actions of the audit log are called for people.

/// What happened, as the end of a sentence that begins with who did it.
pub(super) fn words(action: &str) -> Option<&'static str> {
    Some(match action {
        "list.create" => "created the list",
        "list.update" => "changed the list",
        "list.activate" => "activated the list again",
        "list.archive" => "archived the list",
        "file.upload" => "added a file",
        "file.delete" => "deleted a file",
        "file.quarantine" => "set a file aside",
        "file.resume" => "resumed a file",
        "file.reissue" => "replaced the codes of a file",
        "usage-report.request" => "asked for a report",
        "usage-report.delete" => "deleted a report",
        "usage-report.download" => "downloaded a report",
        "code.redeem" => "marked a code as redeemed",
        "code.release" => "took a code back",
        "code.disable" => "disabled a code",
        "codes.export" => "exported codes",
        "pull-token.create" => "made a pull token",
        "pull-token.revoke" => "revoked a pull token",
        "webhook-secret.reveal" => "looked at the webhook secret",
        "webhook-secret.replace" => "replaced the webhook secret",
        "link-key.replace" => "replaced the key of all links",
        "user.erase" => "erased what was known of a recipient",
        "key.create" => "made an API key",
        "key.rotate" => "made the key that follows an API key",
        "key.configure" => "configured the server with an API key, which has every right since",
        "key.revoke" => "revoked an API key",
        "person.invite" => "invited somebody",
        "person.invite-again" => "made another link for an invitation",
        "person.invite-withdraw" => "withdrew an invitation",
        "person.join" => "became a member",
        "person.role-admin" => "made somebody an admin",
        "person.role-manager" => "made somebody a manager",
        "person.role-viewer" => "made somebody a viewer",
        "person.remove" => "removed a member",
        "person.password-link" => "made a link for a new password",
        "provider.role-admin" => "became an admin by the identity provider",
        "provider.role-manager" => "became a manager by the identity provider",
        "provider.role-viewer" => "became a viewer by the identity provider",
        "provider.no-role" => "lost the role that the identity provider gave",
        "account.provider" => "signed in by the identity provider for the first time",
        "account.password" => "changed their password",
        "account.second-factor-on" => "switched their second step on",
        "account.second-factor-off" => "switched their second step off",
        "account.sign-out-elsewhere" => "signed out everywhere else",
        "sign-in" => "signed in",
        "sign-in.fail" => "gave a wrong password or code",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    /// Those that this crate notes; a word that is missing would be shown as it is written in the log.
    #[test]
    fn every_action_that_the_console_notes_has_words() {
        let noted = include_str!("../people/change.rs").to_owned()
            + include_str!("../people/invite.rs")
            + include_str!("../people/password_link.rs")
            + include_str!("../people/renew.rs")
            + include_str!("../people/withdraw.rs")
            + include_str!("../access/webhook_secret.rs")
            + include_str!("../pull_tokens/change.rs")
            + include_str!("../reports/change.rs")
            + include_str!("../account/second_factor.rs")
            + include_str!("../account/password.rs")
            + include_str!("../account/sessions.rs")
            + include_str!("../lists/change.rs")
            + include_str!("../lists/create.rs")
            + include_str!("../files/change.rs")
            + include_str!("../files/upload.rs");
        let actions: Vec<&str> = noted
            .split('"')
            .filter(|text| {
                let first = text.split('.').next();
                let nouns = [
                    "list",
                    "file",
                    "person",
                    "account",
                    "pull-token",
                    "webhook-secret",
                    "usage-report",
                ];
                text.contains('.')
                    && first.is_some_and(|first| nouns.contains(&first))
                    && text
                        .bytes()
                        .all(|letter| matches!(letter, b'a'..=b'z' | b'.' | b'-'))
            })
            .collect();
        assert!(actions.len() >= 20, "{actions:?}");
        for action in actions {
            assert!(words(action).is_some(), "{action}");
        }
    }
}
