use std::time::Duration;

use serde::Serializer;
use serde_json::{Map, Value};

use super::entry::{End, Entry, LoggedRequest};
use crate::printable_json::{PrintableJson, seconds};
use crate::transfer::Stats;
use crate::wire::Terms;

/// A key and its value; null is left out.
type Field = (&'static str, Value);

/// Returns an entry as one JSON object. Keys are only ever added.
pub(super) fn object(time: String, entry: &Entry<'_>) -> serde_json::Result<String> {
    let mut fields = vec![("time", time.into())];
    match *entry {
        Entry::Listening { title, addresses } => {
            let addresses: Value = addresses.iter().map(ToString::to_string).collect();
            fields.extend([("event", "listening".into()), ("serves", title.into()), ("addresses", addresses)]);
        }
        Entry::Request { request, terms } => {
            fields.push(("event", "request".into()));
            fields.extend(self::request(request));
            fields.push(("options", options(terms)));
        }
        Entry::End { request, terms, end } => {
            let event = if matches!(end, End::Refused { .. }) { "refused" } else { "end" };
            fields.push(("event", event.into()));
            fields.extend(self::request(request));
            fields.push(("options", terms.map(options).into()));
            fields.extend(self::end(&end));
        }
        Entry::Unlisted { count, refused } => {
            let (event, status) = if refused { ("refused", "refused") } else { ("end", "failed") };
            fields.extend([("event", event.into()), ("count", count.into()), ("status", status.into())]);
        }
        Entry::Status(status) => {
            fields.extend([("event", "status".into()), ("server", serde_json::to_value(status)?)]);
        }
        Entry::Lost { lines } => fields.extend([("event", "lost".into()), ("count", lines.into())]),
    }
    fields.retain(|(_, value)| !value.is_null());
    let mut out = Vec::new();
    serde_json::Serializer::with_formatter(&mut out, PrintableJson).collect_map(fields)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Bytes of a file name that are not UTF-8 are replaced.
fn request(request: &LoggedRequest) -> [Field; 4] {
    [
        ("peer", request.client.to_string().into()),
        ("request", request.kind.command().into()),
        ("file", String::from_utf8_lossy(&request.filename).into()),
        ("mode", request.mode.map(|mode| mode.to_string()).into()),
    ]
}

fn options(terms: &Terms) -> Value {
    terms.offer().pairs().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
}

fn end(end: &End<'_>) -> Vec<Field> {
    match *end {
        End::Complete { stats, elapsed } => costs(stats).into_iter().chain([lasted(elapsed), status("ok")]).collect(),
        End::Failed { stats, elapsed, failure } => {
            let mut fields: Vec<_> = stats.map(costs).into_iter().flatten().collect();
            fields.extend([lasted(elapsed), status("failed"), ("reason", failure.to_string().into())]);
            fields
        }
        End::Refused { code, message } => {
            vec![status("refused"), ("code", code.0.into()), ("reason", message.into())]
        }
    }
}

fn costs(stats: &Stats) -> [Field; 2] {
    [("bytes", stats.bytes.into()), ("resent", stats.resent.into())]
}

fn status(status: &'static str) -> Field {
    ("status", status.into())
}

fn lasted(time: Duration) -> Field {
    ("seconds", seconds(time).into())
}
