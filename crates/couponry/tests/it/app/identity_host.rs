//! An identity provider that says what it is told to, true or not; it signs as a real one does.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use demo::client::basic;
use reqwest::{Method, Url, header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Client, FileHost, send, server::Environment};

/// 2100: in time for every test.
const LATER: i64 = 4_102_444_800;

pub(crate) struct IdentityHost {
    pub(crate) host: FileHost,
    key: SigningKey,
}

/// A key that tokens are signed with.
pub(crate) struct SigningKey(EcdsaKeyPair);

/// A browser on its way to the provider.
pub(crate) struct Traveller {
    cookie: String,
    asked: HashMap<String, String>,
}

impl SigningKey {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
    }

    fn public(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "kid": "key-1", "use": "sig", "alg": "ES256",
               "x": number(&point[1..33]), "y": number(&point[33..])})
    }

    /// A token with this head and these claims.
    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

impl IdentityHost {
    pub(crate) async fn start() -> Self {
        let host = FileHost::start().await;
        let key = SigningKey::new();
        let provider = Self { host, key };
        provider.describe(&provider.issuer());
        provider
            .host
            .serve("/keys", json!({"keys": [provider.key.public()]}).to_string());
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.host.url("")
    }

    /// Calls itself so.
    pub(crate) fn describe(&self, issuer: &str) {
        let url = |path| self.host.url(path);
        let document = json!({
            "issuer": issuer, "authorization_endpoint": url("/login"), "token_endpoint": url("/token"),
            "jwks_uri": url("/keys"),
        });
        self.host
            .serve("/.well-known/openid-configuration", document.to_string());
    }

    /// Has people sign in to the server here; the claim `roles` says what they may do.
    pub(crate) fn provider_for(&self, environment: &mut Environment) {
        for (name, value) in [
            ("COUPONRY_OIDC_ISSUER", self.issuer().as_str()),
            ("COUPONRY_OIDC_CLIENT_ID", "couponry"),
            ("COUPONRY_OIDC_CLIENT_SECRET", "a secret: of both"),
            ("COUPONRY_OIDC_ROLE_CLAIM", "roles"),
            ("COUPONRY_PUBLIC_URL", "http://coupons.example"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }

    /// What is true of Ada, for this traveller.
    pub(crate) fn claims(&self, traveller: &Traveller) -> Value {
        json!({
            "iss": self.issuer(), "aud": "couponry", "sub": "ada-1", "exp": LATER, "nonce": traveller.asked["nonce"],
            "email": "Ada@example.com", "email_verified": true, "name": "Ada Lovelace",
        })
    }

    /// Vouches by these claims for whoever comes next.
    pub(crate) fn vouch(&self, claims: &Value) {
        self.answer(&self.key.sign(&json!({"alg": "ES256", "kid": "key-1"}), claims));
    }

    /// Answers this as the token for whatever code.
    pub(crate) fn answer(&self, token: &str) {
        let tokens = json!({"id_token": token, "access_token": "a", "token_type": "Bearer"});
        self.host.serve("/token", tokens.to_string());
    }

    /// What was asked for last, with a code: that it was asked as the standard has it.
    pub(crate) fn assert_asked_for_by(&self, traveller: &Traveller) {
        let visit = self.host.visits("/token").pop().unwrap();
        // Encoded as in a form, within the header.
        let login = basic("couponry", "a+secret%3A+of+both");
        assert_eq!(visit.header("authorization"), Some(login.as_str()));
        let form = query_of(&format!(
            "http://host/?{}",
            String::from_utf8(visit.body).unwrap()
        ));
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
        assert_eq!(challenge, traveller.asked["code_challenge"]);
        assert_eq!(traveller.asked["code_challenge_method"], "S256");
        assert_eq!(form["redirect_uri"], traveller.asked["redirect_uri"]);
        assert_eq!(
            (&*form["grant_type"], &*form["code"]),
            ("authorization_code", "code-1")
        );
    }
}

impl Client {
    /// Sets out to the provider.
    pub(crate) async fn set_out(&self, to: &str) -> Traveller {
        let path = format!("/console/sign-in/provider?to={to}");
        let answer = send(self.anonymous(Method::GET, &path)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let cookie = answer.header("set-cookie").unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        Traveller {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            asked: query_of(answer.header("location").unwrap()),
        }
    }

    /// Comes back with a code.
    pub(crate) async fn come_back(&self, traveller: &Traveller) -> Answer {
        let state = &traveller.asked["state"];
        self.come_back_with(Some(traveller), &format!("code=code-1&state={state}"))
            .await
    }

    /// Comes back, perhaps in a browser that never set out.
    pub(crate) async fn come_back_with(&self, traveller: Option<&Traveller>, query: &str) -> Answer {
        let path = format!("/console/sign-in/provider/back?{query}");
        let request = self.anonymous(Method::GET, &path);
        send(match traveller {
            Some(traveller) => request.header(header::COOKIE, &traveller.cookie),
            None => request,
        })
        .await
    }
}

impl Traveller {
    pub(crate) fn state(&self) -> &str {
        &self.asked["state"]
    }

    /// One browser with two tabs sends the cookies of both.
    pub(crate) fn share_a_browser(&mut self, other: &mut Self) {
        let cookies = format!("{}; {}", self.cookie, other.cookie);
        self.cookie.clone_from(&cookies);
        other.cookie = cookies;
    }
}

fn query_of(url: &str) -> HashMap<String, String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}
