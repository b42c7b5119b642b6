//! The TLS settings of everything outgoing.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring, version};

/// The system's roots, or Mozilla's where the system has none: slim images have no CA bundle, and reqwest left to
/// itself cannot even be built there. The provider is named, so that nothing depends on a process-wide default.
pub(super) fn config() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
    Ok(builder.with_root_certificates(roots()).with_no_client_auth())
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_always_roots() {
        assert!(!super::roots().is_empty());
        assert!(super::config().is_ok());
    }
}
