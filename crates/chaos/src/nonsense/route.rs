//! A route of the document, and what is asked of it.

use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{Ids, body, pick, values};

#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: String,
    path: String,
    parameters: Vec<String>,
    /// Media types, with a good value of each.
    pub(super) bodies: Vec<(String, Value)>,
}

impl Route {
    /// Those of the document, and what else there is.
    pub(super) fn all(document: &Value) -> Vec<Self> {
        let mut routes = Vec::new();
        for paths in [document.get("paths"), Some(&beside_the_document())] {
            for (path, methods) in paths.and_then(Value::as_object).into_iter().flatten() {
                for (method, operation) in methods.as_object().into_iter().flatten() {
                    routes.push(Self::new(document, method, path, operation));
                }
            }
        }
        routes
    }

    fn new(document: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let of_query = |parameter: &&Value| parameter.get("in").is_some_and(|place| place == "query");
        let parameters = parameters.into_iter().flatten().filter(of_query);
        let names = parameters.filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned));
        let bodies = operation
            .pointer("/requestBody/content")
            .and_then(Value::as_object);
        let bodies = bodies.into_iter().flatten().map(|(kind, content)| {
            let schema = content.get("schema").unwrap_or(&Value::Null);
            (kind.clone(), body::good(document, schema, 0))
        });
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            parameters: names.collect(),
            bodies: bodies.collect(),
        }
    }

    /// Its path and its parameters, with ids that are there, and now and then one that cannot be.
    pub(super) fn target(&self, ids: &Ids, chance: &mut StdRng) -> String {
        let mut target = path(self, ids, chance);
        target.push_str(&query(self, chance));
        target
    }
}

/// What is served to anybody, beside what the document has.
fn beside_the_document() -> Value {
    let form = json!({"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {
        "email": {"type": "string", "format": "email"}, "password": {"type": "string"}, "to": {"type": "string"},
    }}}}});
    json!({
        "/": {"get": {}},
        "/openapi.json": {"get": {}},
        "/docs/{file}": {"get": {}},
        "/metrics": {"get": {}},
        "/console/sign-in": {"get": {"parameters": [{"name": "to", "in": "query"}]}, "post": {"requestBody": form}},
        "/console/sign-in/provider/back": {"get": {"parameters": [{"name": "code", "in": "query"}, {"name": "state", "in": "query"}]}},
        "/console/link/{token}": {"get": {}, "post": {"requestBody": form}},
        "/console/assets/{file}": {"get": {}},
        "/console/w/{workspace}/lists": {"get": {"parameters": [{"name": "page", "in": "query"}]}},
    })
}

fn path(route: &Route, ids: &Ids, chance: &mut StdRng) -> String {
    let mut parts = Vec::new();
    for part in route.path.split('/') {
        let known = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let known = known.map(|name| ids.get(name).map(Vec::as_slice).unwrap_or_default());
        parts.push(match known {
            Some(known) if chance.random_bool(0.8) => pick(known, chance).map_or("x", String::as_str),
            Some(_) => pick(&values::TARGET, chance).copied().unwrap_or_default(),
            None if chance.random_bool(0.01) => pick(&values::TARGET, chance).copied().unwrap_or_default(),
            None => part,
        });
    }
    parts.join("/")
}

fn query(route: &Route, chance: &mut StdRng) -> String {
    let mut query = String::new();
    for name in &route.parameters {
        if chance.random_bool(0.3) {
            let value = pick(&values::TARGET, chance).copied().unwrap_or_default();
            query.push_str(if query.is_empty() { "?" } else { "&" });
            query.push_str(&name.replace(' ', "+"));
            query.push('=');
            query.push_str(&value.replace(' ', "%20"));
        }
    }
    if chance.random_bool(0.03) {
        query.push_str("?x=1&&=&%&a[]=b");
    }
    query
}
