//! Whether an ID token is the provider's, for us, of now, and of this visit (OpenID Connect Core, 3.1.3.7).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde_json::{Map, Value};

use crate::{ProviderError, claims::Claims};

/// What the token has to say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
}

/// The claims of a token that one of these keys has signed.
pub(crate) fn verify(token: &str, keys: Value, expected: &Expected<'_>) -> Result<Claims, ProviderError> {
    let header = decode_header(token).map_err(|_| ProviderError::Untrue("its token cannot be read"))?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let mut why = "its token is signed by a key that it does not name";
    for key in fitting(keys, header.alg, header.kid.as_deref()) {
        match decode::<Map<String, Value>>(token, &key, &validation) {
            Ok(token) => return judge(token.claims, expected),
            // Another key of the same kind may have signed it.
            Err(error) => why = complaint(error.kind()),
        }
    }
    Err(ProviderError::Untrue(why))
}

/// What jsonwebtoken does not look at.
fn judge(claims: Map<String, Value>, expected: &Expected<'_>) -> Result<Claims, ProviderError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(ProviderError::Untrue("its token names another issuer"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(ProviderError::Untrue("its token is of another sign-in"));
    }
    let is_for_several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    let party = text("azp");
    if party.is_some_and(|party| party != expected.client_id) || is_for_several && party.is_none() {
        return Err(ProviderError::Untrue("its token is for another service"));
    }
    Ok(Claims::new(claims))
}

fn complaint(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "its token has expired; its clock and this server's may differ",
        ErrorKind::ImmatureSignature => "its token is not good yet; its clock and this server's may differ",
        ErrorKind::InvalidIssuer => "its token names another issuer",
        ErrorKind::InvalidAudience => "its token is for another service",
        ErrorKind::InvalidSignature => "its token is not signed by it",
        _ => "its token does not say all that it must",
    }
}

/// The keys that may have signed with this algorithm. A key's kind decides what it can verify, not what the token says.
fn fitting(keys: Value, algorithm: Algorithm, id: Option<&str>) -> impl Iterator<Item = DecodingKey> {
    let keys = match keys {
        Value::Object(mut set) => set.remove("keys"),
        _ => None,
    };
    let keys = match keys {
        Some(Value::Array(keys)) => keys,
        _ => Vec::new(),
    };
    // One that cannot be read is of a kind that is not known here.
    let keys = keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let id = id.map(str::to_owned);
    keys.filter(move |key| {
        let common = &key.common;
        let is_named = id.is_none() || common.key_id == id;
        let is_for_signing = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
        let said = common.key_algorithm.map(|said| said.to_string());
        let is_said = said.is_none_or(|said| said == format!("{algorithm:?}"));
        is_named && is_for_signing && is_said && fits(&key.algorithm, algorithm)
    })
    .filter_map(|key| DecodingKey::from_jwk(&key).ok())
}

fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => algorithm == ES256,
            EllipticCurve::P384 => algorithm == ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(key) => {
            algorithm == EdDSA && matches!(key.curve, EllipticCurve::Ed25519)
        }
        // A secret that both sides have: whoever can verify by it can sign.
        _ => false,
    }
}
