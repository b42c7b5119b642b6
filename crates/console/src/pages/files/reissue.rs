//! `POST …/files/{file}/reissue`: another code for everybody who has one of a bad file.

use std::{fmt::Write as _, pin::pin};

use actix_web::{HttpRequest, HttpResponse, web};
use domain::AllocationStatus;
use futures_util::TryStreamExt as _;
use storage::{AllocationOutcome, AllocationRequest, HandOutFilter, Shortage};

use super::file_in_path;
use crate::{
    Console,
    error::PageError,
    page::see,
    pages::lists::{list_in_path, list_path},
    shown,
    visitor::Visitor,
};

/// How many of those who have a bad code have another one.
#[derive(Default)]
struct Replaced {
    now: i64,
    before: i64,
    /// They were given back, or disabled.
    gone: i64,
    is_dry: bool,
    is_over: bool,
    is_paused: bool,
}

pub(crate) async fn reissue(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = file_in_path(&request)?;
    let storage = &console.storage;
    let here = list_path(&visitor, &list, &format!("/files/{id}"));
    let is_aside = storage.is_quarantined(&list, id).await?;
    if !is_aside.ok_or(PageError::NotFound)? {
        visitor
            .leave(storage, "Set the file aside first. Nobody got another code.")
            .await?;
        return Ok(see(here));
    }
    let filter = HandOutFilter {
        file: Some(id),
        status: Some(AllocationStatus::Allocated),
        ..HandOutFilter::default()
    };
    // Before it is done: should it break off, it was begun.
    let (of_list, of_file) = (list.public_id.to_string(), id.to_string());
    storage
        .note(
            visitor.workspace()?,
            "file.reissue",
            Some(&of_list),
            Some(&of_file),
        )
        .await?;
    let mut replaced = Replaced::default();
    let mut pages = pin!(storage.hand_outs(*list, filter));
    while let Some(page) = pages.try_next().await?.filter(|_| replaced.goes_on()) {
        let requests = page.into_iter().filter_map(|one| one.replacement(&list));
        let requests: Vec<AllocationRequest> = requests.map(|(_, request)| request).collect();
        let outcomes = console.allocator.allocate(&list, requests, Shortage::Partial);
        for outcome in outcomes.await? {
            replaced.count(&outcome);
        }
    }
    visitor.leave(storage, &replaced.told()).await?;
    Ok(see(here))
}

impl Replaced {
    fn count(&mut self, outcome: &AllocationOutcome) {
        match outcome {
            AllocationOutcome::New(_) => self.now += 1,
            AllocationOutcome::Repeat(_) => self.before += 1,
            AllocationOutcome::Released | AllocationOutcome::Conflict => self.gone += 1,
            AllocationOutcome::Exhausted => self.is_dry = true,
            AllocationOutcome::ListNotActive => self.is_over = true,
            AllocationOutcome::Paused => self.is_paused = true,
        }
    }

    /// Where there is nothing left to give, whoever comes later gets nothing either.
    const fn goes_on(&self) -> bool {
        !self.is_dry && !self.is_over && !self.is_paused
    }

    fn told(&self) -> String {
        let people = if self.now == 1 { "person" } else { "people" };
        let mut told = format!("{} {people} got another code", shown::number(self.now));
        for (many, what) in [
            (self.before, "had one already"),
            (self.gone, "had one that was given back or disabled"),
        ] {
            if many > 0 {
                // Writing to a text does not fail.
                _ = write!(told, ", {} {what}", shown::number(many));
            }
        }
        told.push('.');
        if self.is_dry {
            told.push_str(" Then the list ran out of codes: send another file, and give the rest theirs.");
        } else if self.is_over {
            told.push_str(" The list is not active: nothing goes out of it.");
        } else if self.is_paused {
            told.push_str(" No new code is handed out until an operator has looked at the database.");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_them_is_told_in_numbers() {
        let told = |outcomes: &[AllocationOutcome]| {
            let mut replaced = Replaced::default();
            for outcome in outcomes {
                replaced.count(outcome);
            }
            replaced.told()
        };
        assert_eq!(told(&[]), "0 people got another code.");
        assert_eq!(
            told(&[AllocationOutcome::Released, AllocationOutcome::Exhausted]),
            "0 people got another code, 1 had one that was given back or disabled. Then the list ran out of codes: send \
             another file, and give the rest theirs."
        );
    }
}
