//! Pull tokens made and revoked.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{FreeText, PublicId, write_pull_token};

use super::fetch_all::refused;
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render, see},
    pages::lists::{list_in_path, list_path},
    visitor::Visitor,
};

/// How a sender writes the address into its template.
struct Snippet {
    id: &'static str,
    sender: &'static str,
    text: String,
}

/// The new token's address. Not by way of the session's message: that would be written into the database as it is.
#[derive(Template)]
#[template(path = "pull_tokens/created.html")]
struct CreatedPage<'a> {
    frame: Frame<'a>,
    url: &'a str,
    snippets: Vec<Snippet>,
    back: String,
}

/// `POST …/pull-tokens`
pub(crate) async fn create(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let said = form.text("fallback");
    let fallback = match FreeText::new(said) {
        Ok(fallback) => fallback,
        Err(error) => {
            let refusal = format!("The code for when there is none {error}.");
            return refused(&console, &visitor, &list, said, refusal).await;
        }
    };
    let fallback = Some(fallback.as_str()).filter(|fallback| !fallback.is_empty());
    let storage = &console.storage;
    let token = storage.create_pull_token(&list, fallback).await?;
    note(
        &console,
        &visitor,
        "pull-token.create",
        list.public_id,
        token.public_id,
    )
    .await?;
    let key = storage.link_key(&list).await?;
    let url = format!(
        "{}/v1/pull/{}",
        console.public_url,
        write_pull_token(token.public_id, &key)
    );
    render(&CreatedPage {
        frame: Frame::of("The new pull token", "lists", &visitor),
        snippets: snippets(&url),
        url: &url,
        back: list_path(&visitor, &list, "/pull-tokens"),
    })
}

/// `POST …/pull-tokens/{token}/revoke`
pub(crate) async fn revoke(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = request.match_info().get("token").and_then(|id| id.parse().ok());
    let id: PublicId = id.ok_or(PageError::NotFound)?;
    if !console.storage.revoke_pull_token(&list, id).await? {
        return Err(PageError::NotFound);
    }
    note(&console, &visitor, "pull-token.revoke", list.public_id, id).await?;
    let text = "The token was revoked: its address gives out nothing any more.";
    visitor.leave(&console.storage, text).await?;
    Ok(see(list_path(&visitor, &list, "/pull-tokens")))
}

async fn note(
    console: &Console,
    visitor: &Visitor,
    action: &str,
    list: PublicId,
    token: PublicId,
) -> Result<(), PageError> {
    let (list, token) = (list.to_string(), token.to_string());
    let noted = console
        .storage
        .note(visitor.workspace()?, action, Some(&list), Some(&token));
    Ok(noted.await?)
}

/// As in the documentation of the API.
fn snippets(url: &str) -> Vec<Snippet> {
    let snippet = |id, sender, query: &str| Snippet {
        id,
        sender,
        text: format!("{url}?{query}"),
    };
    vec![
        snippet(
            "liquid",
            "Liquid",
            "user_id={{ user.id | url_encode }}&campaign_id=CAMPAIGN&request_id={{ message.id | url_encode }}",
        ),
        Snippet {
            id: "braze",
            sender: "Braze Connected Content",
            text: format!(
                "{{% connected_content {url}?user_id={{{{${{user_id}} | url_param_escape}}}}&campaign_id=CAMPAIGN :no_cache :save \
                 coupon %}}{{{{coupon.coupon_code}}}}"
            ),
        },
        snippet(
            "jinja",
            "Jinja",
            "user_id={{ user.id | urlencode }}&campaign_id=CAMPAIGN&request_id={{ message.id | urlencode }}",
        ),
        snippet(
            "freemarker",
            "FreeMarker",
            "user_id=${user.id?url('UTF-8')}&campaign_id=CAMPAIGN&request_id=${message.id?url('UTF-8')}",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::snippets;

    #[test]
    fn snippets_are_those_of_the_documentation() {
        let snippets = snippets("https://c.example/v1/pull/T");
        assert_eq!(
            snippets[1].text,
            "{% connected_content https://c.example/v1/pull/T?user_id={{${user_id} | url_param_escape}}&campaign_id=CAMPAIGN \
             :no_cache :save coupon %}{{coupon.coupon_code}}"
        );
        assert!(
            snippets[0]
                .text
                .starts_with("https://c.example/v1/pull/T?user_id={{ user.id | url_encode }}")
        );
    }
}
