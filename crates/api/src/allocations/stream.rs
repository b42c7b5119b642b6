//! `POST /v1/coupon-list/{coupon_list_id}/allocations/batch` with `Content-Type: application/x-ndjson`: recipients come
//! line by line and are answered line by line as their codes are committed, whether or not the answers are read meanwhile:
//! most senders write all of a body before they read. Memory stays at a few groups and a few megabytes of answers.

use std::{rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, rt,
    web::{self, Bytes},
};
use domain::Campaign;
use futures_util::{Stream, StreamExt as _};
use serde_json::{Map, Value};
use storage::{AllocationRequest, GROUP_KEYS, ListRef};
use tokio::task::JoinHandle;

use super::{
    answers::Answers,
    batch::Item,
    lines::{Line, lines},
    recipient::{self, BadRecipient, recipient},
    shown::served,
};
use crate::{
    App,
    connection::{Patience, Taking},
    error::ApiError,
    fields::Fields,
    query::{Parameter, query},
    streams::Streams,
};

/// The most recipients of one request.
const MOST_LINES: usize = 1_000_000;
/// How long all of them may take to come: what was not taken by then is sent again.
const MOST_TIME: Duration = Duration::from_hours(1);
/// Groups under way at once: while one is being committed, the next is read and the one before it written.
const GROUPS: usize = 4;

query! {
    pub(super) struct StreamParameters {
        /// Of an `application/x-ndjson` body only, as all of these.
        #[param(minimum = 1, maximum = 604_800)]
        hold_seconds: Option<i64>,
        campaign_id: Option<String>,
        campaign_name: Option<String>,
        campaign_channel: Option<String>,
        campaign_delivery_type: Option<String>,
        campaign_sent_at: Option<String>,
        campaign_locale: Option<String>,
        campaign_variation: Option<String>,
    }
}

/// What holds for all recipients of a request.
#[derive(Clone)]
struct Common {
    campaign: Option<Arc<Campaign>>,
    hold_seconds: Option<i32>,
}

pub(super) fn answer(
    app: &web::Data<App>,
    list: &Arc<ListRef>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let common = Common::read(request.query_string())?;
    let place = Streams::place_for_lines(request)?;
    let pause = Patience::with_body_of(request)?;
    let answers = Answers::new(&app.storage, list);
    let ending = Ending(answers.clone());
    let groups = groups(
        app.clone(),
        list.clone(),
        common,
        lines(payload, pause, MOST_TIME),
    );
    let taking = Taking::of(request);
    let task = rt::spawn(async move {
        let mut groups = Box::pin(groups);
        while let Some(bytes) = groups.next().await {
            if let Err(error) = ending.0.add(bytes).await {
                error.log();
                tracing::warn!(%error, "answers that nobody reads cannot be kept");
                return;
            }
        }
        ending.0.end();
        drop(taking);
    });
    // The lines are taken for as long as somebody may read the answers.
    let task = Task(task);
    let read = answers.read().map(move |bytes| {
        _ = (&task, &place);
        bytes.map_err(ApiError::break_off)
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(read))
}

/// The task that takes the lines, ended when the answers are dropped. Calls under way are not its own: they are carried
/// out, and the ledger has what they gave.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ends the answers, also when the task that adds them panics: a reader would wait for ever.
struct Ending(Rc<Answers>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end_unless_ended();
    }
}

/// The answers of each group of lines, in order.
fn groups(
    app: web::Data<App>,
    list: Arc<ListRef>,
    common: Common,
    lines: impl Stream<Item = Line>,
) -> impl Stream<Item = Bytes> {
    let numbered = lines
        .enumerate()
        .map(|(number, line)| (number < MOST_LINES, line));
    // One line beyond the limit is answered, and nothing after it is read.
    let within = numbered.scan(true, |goes_on, (is_within, line)| {
        let answered = std::mem::replace(goes_on, is_within).then_some((is_within, line));
        std::future::ready(answered)
    });
    // Whatever has come is a group: a sender that waits for an answer before it goes on is not kept waiting.
    Box::pin(within)
        .ready_chunks(GROUP_KEYS)
        .map(move |group| {
            let (app, list, common) = (app.clone(), list.clone(), common.clone());
            async move { answer_group(&app, &list, &common, group).await }
        })
        .buffered(GROUPS)
}

async fn answer_group(app: &App, list: &Arc<ListRef>, common: &Common, group: Vec<(bool, Line)>) -> Bytes {
    let recipients: Vec<Result<AllocationRequest, BadRecipient>> =
        group.into_iter().map(|line| common.recipient(line)).collect();
    let requests: Vec<AllocationRequest> = recipients.iter().flatten().cloned().collect();
    let outcomes = if requests.is_empty() {
        Ok(Vec::new())
    } else {
        app.allocator.allocate_lines(list, requests).await
    };
    // The status is out already: what happens to a group is told to each of its lines.
    let (mut outcomes, failure) = match outcomes {
        Ok(outcomes) => (outcomes.into_iter(), None),
        Err(error) => {
            let failure = ApiError::from(error);
            failure.log();
            (Vec::new().into_iter(), Some(failure))
        }
    };
    let mut text = Vec::with_capacity(recipients.len() * 256);
    for recipient in recipients {
        let item = recipient.and_then(|request| {
            let user_id = Value::from(request.user_id.as_str());
            let outcome = outcomes
                .next()
                .ok_or_else(|| failure.clone().unwrap_or(ApiError::BUSY));
            outcome
                .and_then(|outcome| served(list, request, outcome))
                .map_err(|error| BadRecipient { user_id, error })
        });
        // Texts under texts: there is nothing that JSON could not hold, and a Vec takes it.
        _ = serde_json::to_writer(&mut text, &Item::from(item));
        text.push(b'\n');
    }
    text.into()
}

impl StreamParameters {
    /// Those of the campaign, with the keys that it has in a JSON body.
    fn campaign(&self) -> [(&'static str, &Parameter<Option<String>>); 7] {
        [
            ("id", &self.campaign_id),
            ("name", &self.campaign_name),
            ("channel", &self.campaign_channel),
            ("delivery_type", &self.campaign_delivery_type),
            ("sent_at", &self.campaign_sent_at),
            ("locale", &self.campaign_locale),
            ("variation", &self.campaign_variation),
        ]
    }
}

/// The campaign, judged as that of a JSON body is.
fn described(campaign: Map<String, Value>) -> Result<Option<Campaign>, ApiError> {
    if campaign.is_empty() {
        return Ok(None);
    }
    let text = Value::from(campaign).to_string();
    let fields = Fields::read(text.into()).ok_or(ApiError::NotJson)?;
    recipient::described(&fields).map(Some)
}

impl Common {
    fn read(query: &str) -> Result<Self, ApiError> {
        let asked = StreamParameters::of(query);
        let mut campaign = Map::new();
        for (key, parameter) in asked.campaign() {
            if let Some(value) = parameter.text()? {
                campaign.insert(key.to_owned(), value.into());
            }
        }
        let seconds = asked.hold_seconds.number(i64::MIN..=i64::MAX)?;
        Ok(Self {
            campaign: described(campaign)?.map(Arc::new),
            hold_seconds: seconds.map(recipient::hold).transpose()?,
        })
    }

    fn recipient(&self, (is_within, line): (bool, Line)) -> Result<AllocationRequest, BadRecipient> {
        let refused = |error| BadRecipient {
            user_id: Value::Null,
            error,
        };
        if !is_within {
            return Err(refused(ApiError::TooManyRecipients));
        }
        match line {
            Line::Text(text) => match Fields::read(text.into()) {
                Some(fields) => recipient(&fields, self.campaign.as_ref(), self.hold_seconds),
                None => Err(refused(ApiError::NotJson)),
            },
            Line::TooLong => Err(refused(ApiError::LineTooLong)),
            Line::Broken => Err(refused(ApiError::TooSlow)),
        }
    }
}
