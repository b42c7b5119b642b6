//! Requests that are not what they should be, made from the server's own document: each route, its ids, its parameters and its
//! body, in some of which something is wrong, and the bytes of all of it. The same seed makes the same requests.

mod body;
mod draft;
mod exchange;
mod route;
mod values;

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use draft::Draft;
pub use exchange::{Reply, exchange};
use route::Route;

/// What may stand in the place of a path's parameter, by its name.
pub type Ids = BTreeMap<String, Vec<String>>;

/// What is in the document, and what chooses among it.
#[derive(Debug)]
pub struct Nonsense {
    routes: Vec<Route>,
    ids: Ids,
    /// The headers that open the door.
    credentials: String,
    chance: StdRng,
}

impl Nonsense {
    pub fn new(document: &Value, authorization: &str, seed: u64) -> Self {
        Self {
            routes: Route::all(document),
            ids: Ids::new(),
            credentials: format!("Authorization: {authorization}"),
            chance: StdRng::seed_from_u64(seed),
        }
    }

    pub fn routes(&self) -> usize {
        self.routes.len()
    }

    /// Of things that are there now.
    pub fn know(&mut self, ids: Ids) {
        self.ids = ids;
    }

    /// The next request, whole or not.
    pub fn next_request(&mut self) -> Vec<u8> {
        let mut draft = self.draft();
        if self.chance.random_bool(0.3) {
            self.spoil_head(&mut draft);
        }
        let is_chunked = !draft.body.is_empty() && self.chance.random_bool(0.2);
        let mut bytes = if is_chunked {
            draft.in_chunks(&mut self.chance)
        } else {
            draft.with_length()
        };
        if self.chance.random_bool(0.15) {
            self.spoil_bytes(&mut bytes);
        }
        bytes
    }

    fn draft(&mut self) -> Draft {
        let number = self.chance.random_range(0..self.routes.len().max(1));
        let Some(route) = self.routes.get(number) else {
            return Draft::nothing();
        };
        let chance = &mut self.chance;
        let target = route.target(&self.ids, chance);
        let mut heads = vec![b"Host: couponry".to_vec(), self.credentials.clone().into_bytes()];
        let mut body = Vec::new();
        if let Some((kind, good)) = pick(&route.bodies, chance) {
            body = match kind.as_str() {
                "application/x-ndjson" => body::lines(good, chance),
                "multipart/form-data" => body::form(chance),
                "application/x-www-form-urlencoded" => body::urlencoded(good, chance),
                _ => body::mutated_json(good, chance),
            };
            let boundary = if kind.starts_with("multipart") {
                "; boundary=b"
            } else {
                ""
            };
            heads.push(format!("Content-Type: {kind}{boundary}").into_bytes());
        } else if chance.random_bool(0.1) {
            heads.push(b"Content-Type: application/json".to_vec());
            body = b"{\"user_id\":1}".to_vec();
        }
        Draft {
            method: route.method.clone(),
            target,
            version: "HTTP/1.1",
            heads,
            body,
        }
    }

    fn spoil_head(&mut self, draft: &mut Draft) {
        let chance = &mut self.chance;
        match chance.random_range(0..12) {
            0 => {
                let method = pick(&values::METHODS, chance).copied();
                method.unwrap_or_default().clone_into(&mut draft.method);
            }
            1 => draft.version = pick(&values::VERSIONS, chance).copied().unwrap_or_default(),
            2 => {
                let number = chance.random_range(0..draft.heads.len().max(1));
                draft.heads.truncate(number);
            }
            3 => {
                let length = chance.random_range(1_000..140_000);
                draft
                    .heads
                    .push(format!("X: {}", "y".repeat(length)).into_bytes());
            }
            4 => draft
                .heads
                .extend((0..chance.random_range(50..200)).map(|_| b"X: y".to_vec())),
            5 => draft.target = format!("http://other.example{}", draft.target),
            _ => {
                let head = pick(&values::HEADS, chance).copied().unwrap_or_default();
                let number = chance.random_range(0..=draft.heads.len());
                draft.heads.insert(number, head.as_bytes().to_vec());
            }
        }
    }

    /// Some bytes are others, missing, there twice, or the last.
    fn spoil_bytes(&mut self, bytes: &mut Vec<u8>) {
        let chance = &mut self.chance;
        for _ in 0..chance.random_range(1..4) {
            let length = bytes.len();
            if length < 2 {
                return;
            }
            // Mostly where the head is.
            let most = if chance.random_bool(0.7) {
                length.min(400)
            } else {
                length
            };
            let at = chance.random_range(0..most);
            match chance.random_range(0..4) {
                0 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = chance.random();
                    }
                }
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, chance.random()),
                _ => {
                    let to = (at + chance.random_range(1..40)).min(length);
                    let again = bytes.get(at..to).unwrap_or_default().to_vec();
                    drop(bytes.splice(at..at, again));
                }
            }
        }
        if chance.random_bool(0.2) {
            bytes.truncate(chance.random_range(0..bytes.len()));
        }
    }
}

fn pick<'a, T>(from: &'a [T], chance: &mut StdRng) -> Option<&'a T> {
    if from.is_empty() {
        return None;
    }
    from.get(chance.random_range(0..from.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": {"/things/{thing}": {"post": {
                "parameters": [{"name": "limit", "in": "query"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            }}},
            "components": {"schemas": {"Thing": {"type": "object", "properties": {
                "name": {"oneOf": [{"type": "string"}, {"type": "null"}]},
                "days": {"type": ["array", "null"], "items": {"type": "string", "format": "date"}},
            }}}},
        })
    }

    #[test]
    fn a_good_body_has_whatever_the_document_says() {
        let nonsense = Nonsense::new(&document(), "Basic eDp5", 1);
        let good = &nonsense.routes[0].bodies[0].1;
        assert_eq!(*good, json!({"name": "x", "days": ["2026-11-01"]}));
    }

    #[test]
    fn the_same_seed_makes_the_same_requests_and_not_all_of_them_alike() {
        let made = |seed| {
            let mut nonsense = Nonsense::new(&document(), "Basic eDp5", seed);
            nonsense.know(Ids::from([("thing".to_owned(), vec!["t-1".to_owned()])]));
            (0..300).map(|_| nonsense.next_request()).collect::<Vec<_>>()
        };
        assert!(made(7) == made(7));
        let requests = made(7);
        let has = |text: &str| {
            let text = text.as_bytes();
            requests
                .iter()
                .filter(|request| request.windows(text.len()).any(|part| part == text))
                .count()
        };
        assert!(has("POST /things/t-1") > 5);
        assert!(has("Transfer-Encoding") > 5);
    }
}
