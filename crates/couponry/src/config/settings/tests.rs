use clap::{Args as _, Command, FromArgMatches as _};
use domain::Operation;

use super::*;

/// Without the variables of whoever runs the tests.
fn judged(arguments: &[&str]) -> Result<Settings, Problems> {
    let command =
        Variables::augment_args(Command::new("couponry")).mut_args(|argument| argument.env(None::<&str>));
    let matches = command
        .no_binary_name(true)
        .try_get_matches_from(arguments)
        .unwrap();
    let said = Variables::from_arg_matches(&matches).unwrap();
    Settings::judge(&said, &[], &[])
}

#[test]
fn nothing_said_is_a_private_database_on_the_loopback() {
    let settings = judged(&[]).unwrap();
    assert!(settings.database_url.is_none() && settings.bootstrap.is_none());
    assert_eq!(settings.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.work.list_codes, domain::LIST_CODES);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let Problems(said) = judged(&[
        "--migrate=maybe",
        "--listen=localhost",
        "--time-zone=Mars/Olympus",
        "--role=boss",
        "--loads=0",
        "--public-url=ftp://x",
        "--outbound-allow=10.0.0.0/8,everything",
        "--database-url=mysql://u:hidden@h/d",
        "--smtp-url=http://u:hidden@h",
        "--mail-from=coupons@example.com",
        "--rate-create-list=often",
        "--rate-limits=sometimes",
        "--address-requests=0",
        "--trusted-proxies=10.0.0.0/8,my-proxy",
        "--connections=1",
        "--stall-seconds=0",
    ])
    .unwrap_err();
    assert_eq!(said.len(), 15, "{said:#?}");
    assert!(!said.concat().contains("hidden"), "{said:#?}");
}

#[test]
fn a_header_is_believed_of_somebody_and_says_one_thing() {
    assert!(judged(&["--auth-proxy-header=X-Forwarded-Email"]).is_err());
    for header in ["Cookie", "X-Forwarded-For", "not a name", ""] {
        let header = format!("--auth-proxy-header={header}");
        assert!(
            judged(&[&header, "--trusted-proxies=10.0.0.0/8"]).is_err(),
            "{header}"
        );
    }
    let both = [
        "--auth-proxy-header=X-Forwarded-Email",
        "--trusted-proxies=10.0.0.0/8",
    ];
    let header = judged(&both).unwrap().sign_ins.proxy_header;
    assert_eq!(header.as_deref(), Some("x-forwarded-email"));
}

#[test]
fn a_provider_is_named_whole_or_not_at_all() {
    let whole = [
        "--oidc-issuer=https://login.example.com",
        "--oidc-client-id=couponry",
        "--oidc-client-secret=hidden",
        "--public-url=https://coupons.example.com",
    ];
    assert!(judged(&whole).unwrap().sign_ins.provider.is_some());
    for left_out in 0..whole.len() {
        let mut said = whole.to_vec();
        said.remove(left_out);
        let Problems(problems) = judged(&said).unwrap_err();
        assert!(!problems.concat().contains("hidden"), "{problems:#?}");
    }
    assert!(judged(&["--oidc-role-claim=roles"]).is_err());
    assert!(judged(&[]).unwrap().sign_ins.provider.is_none());
}

#[test]
fn half_a_bootstrap_workspace_is_an_error() {
    assert!(judged(&["--bootstrap-workspace-id=w"]).is_err());
    assert!(judged(&["--bootstrap-api-key=k-3f9c1e0a7b52d4"]).is_err());
    let both = judged(&[
        "--bootstrap-workspace-id=w",
        "--bootstrap-api-key=k-3f9c1e0a7b52d4",
    ])
    .unwrap();
    assert_eq!(both.bootstrap.unwrap().workspace_id.as_str(), "w");
}

#[test]
fn half_a_mail_relay_is_an_error() {
    assert!(judged(&["--smtp-url=smtp://mail.example.com"]).is_err());
    assert!(judged(&["--mail-from=coupons@example.com"]).is_err());
    let both = judged(&[
        "--smtp-url=smtp://mail.example.com",
        "--mail-from=Us <coupons@example.com>",
    ]);
    assert!(both.unwrap().mails.relay.is_some());
}

#[test]
fn the_documented_rate_limits_hold_unless_they_are_off() {
    let limits = judged(&["--rate-archive-list=off"]).unwrap().rate_limits;
    let of = |operation| limits[&operation].to_string();
    assert_eq!(of(Operation::CreateList), "100/day");
    assert_eq!(of(Operation::UploadFile), "5/minute,50/day");
    assert_eq!(of(Operation::ArchiveList), "off");
    assert!(judged(&["--rate-limits=off"]).unwrap().rate_limits.is_empty());
}

#[test]
fn no_secret_is_in_debug() {
    let settings = judged(&[
        "--bootstrap-workspace-id=w",
        "--bootstrap-api-key=k-3f9c1e0a7b52d4",
    ])
    .unwrap();
    assert!(!format!("{settings:?}").contains("k-3f9c1e0a7b52d4"));
}
