//! `/console/w/{workspace}/lists/{list}/upload`: codes from a file, from an address, or pasted.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{FileUrl, FreeText, IdempotencyKey, Name, PublicId};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use storage::{AddFile, AddFileRefusal, CouponList, FileSource, ListRef, NewFile, Upload};
use url::form_urlencoded;

use super::received::{Received, Unreceived, receive};
use crate::{
    Console,
    error::PageError,
    page::{Frame, render, render_refused, see},
    pages::lists::{list_in_path, list_path},
    visitor::Visitor,
};

/// The most codes that can be pasted; more are a file.
const MOST_PASTED: usize = 10_000;

#[derive(Template)]
#[template(path = "files/upload.html")]
struct UploadPage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    action: String,
    back: String,
    once: String,
    url: String,
    pasted: String,
    refusal: Option<String>,
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    list: &ListRef,
    said: &Received,
    refusal: Option<String>,
) -> Result<UploadPage<'a>, PageError> {
    let once = said.text("once");
    Ok(UploadPage {
        frame: Frame::of("Add codes", "lists", visitor),
        list: console.storage.list(list).await?,
        action: list_path(visitor, list, "/upload"),
        back: list_path(visitor, list, ""),
        once: if once.is_empty() {
            format!("{:032x}", rand::random::<u128>())
        } else {
            once.to_owned()
        },
        url: said.text("url").to_owned(),
        pasted: said.text("pasted").to_owned(),
        refusal,
    })
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    // Of a file that was only checked.
    let mut query = form_urlencoded::parse(request.query_string().as_bytes());
    let url = query.find(|(name, _)| name == "url");
    let said = Received::with("url", url.map_or_else(String::new, |(_, url)| url.into_owned()));
    render(&page(&console, &visitor, &list, &said, None).await?)
}

pub(crate) async fn upload(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    parts: Multipart,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    // Before 64 MB are read for nothing.
    if !console.storage.is_active(&list).await? {
        let refusal = "The list is archived or expired, and takes no codes.".to_owned();
        return render_refused(&page(&console, &visitor, &list, &Received::default(), Some(refusal)).await?);
    }
    let mut upload = Upload::begin(&list);
    let received = match receive(&console.storage, &mut upload, parts, console.patience).await {
        Ok(received) => received,
        Err(Unreceived::Failed(error)) => return Err(error),
        Err(Unreceived::Refused(why)) => {
            console.storage.forget_upload(upload).await?;
            return render_refused(
                &page(
                    &console,
                    &visitor,
                    &list,
                    &Received::default(),
                    Some(why.to_owned()),
                )
                .await?,
            );
        }
    };
    match added(&console, &visitor, &list, upload, &received).await? {
        Ok(id) => {
            let (list_id, file_id) = (list.public_id.to_string(), id.to_string());
            let workspace = visitor.workspace()?;
            console
                .storage
                .note(workspace, "file.upload", Some(&list_id), Some(&file_id))
                .await?;
            Ok(see(list_path(&visitor, &list, &format!("/files/{id}"))))
        }
        Err(refusal) => {
            console.storage.forget_upload(upload).await?;
            render_refused(&page(&console, &visitor, &list, &received, Some(refusal)).await?)
        }
    }
}

/// The new file, or why there is none.
async fn added(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    mut upload: Upload,
    received: &Received,
) -> Result<Result<PublicId, String>, PageError> {
    let (name, source) = if received.file_name.is_some() || received.bytes > 0 {
        let name = received.file_name.clone().unwrap_or_default();
        (name, FileSource::Sent(upload))
    } else if !received.text("url").is_empty() {
        match hosted(console, received) {
            Ok(source) => source,
            Err(refusal) => return Ok(Err(refusal)),
        }
    } else if !received.text("pasted").is_empty() {
        match as_csv(received.text("pasted")) {
            Ok(csv) => {
                console.storage.keep_piece(&mut upload, csv.as_bytes()).await?;
                ("pasted.csv".to_owned(), FileSource::Sent(upload))
            }
            Err(refusal) => return Ok(Err(refusal)),
        }
    } else {
        return Ok(Err("Choose a file, give an address, or paste codes.".to_owned()));
    };
    let by = Name::new(visitor.person().name.as_str()).map(|name| name.as_str().to_owned());
    let file = NewFile {
        name: FreeText::new(name).unwrap_or_default(),
        source,
        created_by: FreeText::new(by.unwrap_or_default()).unwrap_or_default(),
        callback_url: None,
        dry_run: !received.text("check").is_empty(),
    };
    let said = Sha256::digest([received.text("url"), "\n", received.text("pasted")].concat());
    let said = [
        file.name.as_str().as_bytes(),
        &received.bytes.to_be_bytes(),
        said.as_slice(),
    ];
    let once = IdempotencyKey::new(received.text("once"), &said);
    let once = once.map_err(|_| PageError::BadForm("Open the form again."))?;
    // A check is made anew each time: the file behind the address may have been mended, and nothing is added twice.
    let once = (!file.dry_run).then_some(once);
    Ok(
        match console.storage.add_file(list, &file, once.as_ref()).await? {
            AddFile::Added(id) | AddFile::Repeated(id) => Ok(id),
            AddFile::Refused(AddFileRefusal::ListNotActive) => {
                Err("The list is archived or expired, and takes no codes.".to_owned())
            }
            AddFile::Refused(AddFileRefusal::KeyReused) => {
                Err("This form was sent before with something else in it. Open it again.".to_owned())
            }
        },
    )
}

fn hosted(console: &Console, received: &Received) -> Result<(String, FileSource), String> {
    let url = FileUrl::new(received.text("url")).map_err(|error| format!("The address {error}."))?;
    if (console.refuses_url)(&url) {
        return Err("The address leads to a network from which no files are fetched.".to_owned());
    }
    let (username, password) = (received.text("username"), received.text("password"));
    let auth = (!username.is_empty()).then(|| domain::BasicAuth {
        username: username.to_owned(),
        password: SecretString::from(password),
    });
    Ok((url.last_segment(), FileSource::Hosted { url, auth }))
}

/// A code a line, with the header that a file has.
fn as_csv(pasted: &str) -> Result<String, String> {
    let lines: Vec<&str> = pasted
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let codes = match lines.split_first() {
        Some((first, rest)) if first.eq_ignore_ascii_case("coupon code") => rest,
        _ => &lines,
    };
    if codes.len() > MOST_PASTED {
        return Err("More than 10,000 codes were pasted. Send them as a file.".to_owned());
    }
    let mut csv = String::from("Coupon Code\n");
    for code in codes {
        csv.push('"');
        csv.push_str(&code.replace('"', "\"\""));
        csv.push_str("\"\n");
    }
    Ok(csv)
}

#[cfg(test)]
mod tests {
    use super::as_csv;

    #[test]
    fn pasted_codes_are_a_file_of_one_column() {
        assert_eq!(
            as_csv("A\r\n\n B,1 \nC\"2\n").unwrap(),
            "Coupon Code\n\"A\"\n\"B,1\"\n\"C\"\"2\"\n"
        );
        assert_eq!(as_csv("coupon code\nA").unwrap(), "Coupon Code\n\"A\"\n");
        assert!(as_csv(&"x\n".repeat(10_001)).is_err());
    }
}
