//! Who signs people in to the console beside the console itself.

use std::path::PathBuf;

use api::TrustedProxies;
use clap::Args;
use identity::Issuer;
use secrecy::SecretString;

use super::{Problems, secret};

/// Headers that say something else.
const OTHER_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "x-forwarded-for",
];

#[derive(Debug, Args)]
pub(crate) struct SignInVariables {
    /// Header in which a trusted proxy names who has signed in, by e-mail address, such as X-Forwarded-Email
    #[arg(
        long,
        env = "COUPONRY_AUTH_PROXY_HEADER",
        global = true,
        value_name = "HEADER"
    )]
    auth_proxy_header: Option<String>,

    /// OpenID Connect provider that people may sign in by, as it calls itself
    #[arg(long, env = "COUPONRY_OIDC_ISSUER", global = true, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// What the provider calls this service
    #[arg(long, env = "COUPONRY_OIDC_CLIENT_ID", global = true, value_name = "ID")]
    oidc_client_id: Option<String>,

    /// By what the provider knows this service
    #[arg(
        long,
        env = "COUPONRY_OIDC_CLIENT_SECRET",
        hide_env_values = true,
        global = true,
        value_name = "SECRET"
    )]
    oidc_client_secret: Option<SecretString>,

    /// File that holds the client's secret
    #[arg(
        long,
        env = "COUPONRY_OIDC_CLIENT_SECRET_FILE",
        global = true,
        value_name = "FILE"
    )]
    oidc_client_secret_file: Option<PathBuf>,

    /// Claim that says what somebody may do: admin, manager or viewer; absent: roles are given at the console only
    #[arg(long, env = "COUPONRY_OIDC_ROLE_CLAIM", global = true, value_name = "CLAIM")]
    oidc_role_claim: Option<String>,
}

/// Who signs people in, beside the console.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignIns {
    /// In which header a trusted proxy says who somebody is.
    pub(crate) proxy_header: Option<String>,
    pub(crate) provider: Option<identity::Settings>,
}

impl SignInVariables {
    /// `proxies`: none if they could not be read, which has been complained of.
    pub(super) fn read(
        &self,
        proxies: Option<&TrustedProxies>,
        has_public_url: bool,
        problems: &mut Problems,
    ) -> Option<SignIns> {
        let header = self.auth_proxy_header.as_deref().map(header).transpose();
        let proxy_header = problems.keep("COUPONRY_AUTH_PROXY_HEADER", header);
        if self.auth_proxy_header.is_some() && proxies.is_some_and(TrustedProxies::is_empty) {
            let nobody =
                "is set without COUPONRY_TRUSTED_PROXIES: nobody's word would be taken, or everybody's";
            problems.keep("COUPONRY_AUTH_PROXY_HEADER", Err::<(), _>(nobody));
        }
        Some(SignIns {
            proxy_header: proxy_header?,
            provider: self.provider(has_public_url, problems)?,
        })
    }

    #[allow(
        clippy::option_option,
        reason = "outside: could it be read; inside: was it said"
    )]
    fn provider(&self, has_public_url: bool, problems: &mut Problems) -> Option<Option<identity::Settings>> {
        let secret = secret::read(
            self.oidc_client_secret.as_ref(),
            self.oidc_client_secret_file.as_deref(),
        );
        let secret = problems.keep("COUPONRY_OIDC_CLIENT_SECRET", secret)?;
        let Some(issuer) = &self.oidc_issuer else {
            for (variable, is_set) in [
                ("COUPONRY_OIDC_CLIENT_ID", self.oidc_client_id.is_some()),
                ("COUPONRY_OIDC_CLIENT_SECRET", secret.is_some()),
                ("COUPONRY_OIDC_ROLE_CLAIM", self.oidc_role_claim.is_some()),
            ] {
                if is_set {
                    problems.keep(variable, Err::<(), _>("is set without COUPONRY_OIDC_ISSUER"));
                }
            }
            return Some(None);
        };
        let issuer = problems.keep("COUPONRY_OIDC_ISSUER", issuer.parse::<Issuer>());
        let missing = "is not set, but COUPONRY_OIDC_ISSUER is";
        let id = self
            .oidc_client_id
            .clone()
            .filter(|id| !id.is_empty())
            .ok_or(missing);
        let id = problems.keep("COUPONRY_OIDC_CLIENT_ID", id);
        let secret = problems.keep("COUPONRY_OIDC_CLIENT_SECRET", secret.ok_or(missing));
        // The provider sends browsers back there, and nowhere else.
        let reachable = has_public_url.then_some(()).ok_or(missing);
        problems.keep("COUPONRY_PUBLIC_URL", reachable)?;
        Some(Some(identity::Settings {
            issuer: issuer?,
            client_id: id?,
            client_secret: secret?,
            role_claim: self.oidc_role_claim.clone().filter(|claim| !claim.is_empty()),
        }))
    }
}

/// As it is compared: in lower case.
fn header(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name && !OTHER_HEADERS.contains(&name.as_str()) {
        Ok(name)
    } else {
        Err(format!(
            "must be the name of a header that says nothing else, such as X-Forwarded-Email, not \"{text}\""
        ))
    }
}
