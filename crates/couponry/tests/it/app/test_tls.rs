//! TLS as a host speaks it, with a certificate that only those trust who are told to.

use std::{path::PathBuf, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// A connection, whatever it runs over.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A host's key and certificate, for `localhost`.
#[derive(Clone)]
pub(crate) struct TestTls {
    config: Arc<ServerConfig>,
    authority: PathBuf,
    _directory: Arc<TempDir>,
}

impl TestTls {
    pub(crate) fn make() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let authority = directory.path().join("authority.pem");
        std::fs::write(&authority, cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        Self {
            config: Arc::new(config),
            authority,
            _directory: Arc::new(directory),
        }
    }

    /// A file with the certificate of who vouches for the host.
    pub(crate) fn authority_file(&self) -> String {
        self.authority.to_str().unwrap().to_owned()
    }

    /// The connection from here on; nothing if whoever called does not trust the host.
    pub(crate) async fn accept(&self, connection: Box<dyn Duplex>) -> Option<impl Duplex + use<>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        acceptor.accept(connection).await.ok()
    }
}
