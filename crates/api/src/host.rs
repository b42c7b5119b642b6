//! What a request's head says of its host and of where it ends, if that is wrong or two things at once. That there is a host
//! at all, and only one, and one length, is seen to where requests are parsed.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        header::{CONTENT_LENGTH, HOST, HeaderValue, UPGRADE},
        uri::Authority,
    },
    middleware::Next,
};

/// Answers 400 without a body, like any other broken framing, and closes the connection.
pub(crate) async fn judge<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let headers = request.headers();
    let has_host = headers.get_all(HOST).all(|host| is_host(host.as_bytes()));
    // actix-http takes what follows such a head for a body that ends with the connection, whatever its length is said to be.
    let has_two_ends = headers.get_all(UPGRADE).any(is_websocket) && headers.contains_key(CONTENT_LENGTH);
    if has_host && !has_two_ends {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let refusal = HttpResponse::BadRequest().force_close().finish();
    Ok(request.into_response(refusal).map_into_right_body())
}

fn is_websocket(upgrade: &HeaderValue) -> bool {
    upgrade.as_bytes().trim_ascii().eq_ignore_ascii_case(b"websocket")
}

/// A name or an address, perhaps with a port; or nothing, where the target has no authority.
fn is_host(text: &[u8]) -> bool {
    text.is_empty() || (!text.contains(&b'@') && Authority::try_from(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in [
            "",
            "localhost",
            "coupons.example.com:8080",
            "192.0.2.1",
            "[2001:db8::1]:80",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in ["a b", "a/b", "u@a", "a\"b", "a?b", "[::1", "http://a"] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"\xff"));
    }
}
