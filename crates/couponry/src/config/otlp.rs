//! The standard variables of OpenTelemetry, which its SDK reads by itself: what is wanted, and what is wrong. A mistake that
//! the SDK would pass over stops the start.

use reqwest::Url;
use storage::Sampling;

use super::Problems;

/// Those that are looked at here; docs/CONFIGURATION.md has them all.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// What is to be sent to a collector.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Otlp {
    pub(crate) traces: Option<Sampling>,
    pub(crate) metrics: bool,
    /// Whether the environment says who speaks.
    pub(crate) names_service: bool,
}

impl Otlp {
    pub(super) fn judge(environment: &[(String, String)], problems: &mut Problems) -> Self {
        // An empty variable is one that is not set: so the specification has it.
        let said = |name: &str| {
            let mut values = environment
                .iter()
                .filter(|(said, value)| said == name && !value.is_empty());
            values.next().map(|(_, value)| value.as_str())
        };
        let mut check = |name: &str, judge: fn(&str) -> Result<(), String>| {
            if let Some(value) = said(name) {
                problems.keep(name, judge(value));
            }
        };
        for name in [ENDPOINT, TRACES_ENDPOINT, METRICS_ENDPOINT] {
            check(name, endpoint);
        }
        for name in ["PROTOCOL", "TRACES_PROTOCOL", "METRICS_PROTOCOL"] {
            check(&format!("OTEL_EXPORTER_OTLP_{name}"), protocol);
        }
        for name in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"] {
            check(name, exporter);
        }
        check("OTEL_TRACES_SAMPLER", sampler);
        check("OTEL_TRACES_SAMPLER_ARG", ratio);
        let is_off = said("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let wants = |endpoint: &str, exporter: &str| {
            let is_named = said(ENDPOINT).or_else(|| said(endpoint)).is_some();
            is_named && !is_off && said(exporter) != Some("none")
        };
        let attributes = said("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        Self {
            traces: wants(TRACES_ENDPOINT, "OTEL_TRACES_EXPORTER")
                .then(|| sampling(said("OTEL_TRACES_SAMPLER"), said("OTEL_TRACES_SAMPLER_ARG"))),
            metrics: wants(METRICS_ENDPOINT, "OTEL_METRICS_EXPORTER"),
            names_service: said("OTEL_SERVICE_NAME").is_some()
                || attributes
                    .split(',')
                    .any(|one| one.trim().starts_with("service.name=")),
        }
    }
}

/// One line a variable of OpenTelemetry that is set; what may hold a secret only as `set`.
pub(crate) fn report(environment: &[(String, String)]) -> String {
    let mut lines: Vec<String> = environment
        .iter()
        .filter(|(name, value)| name.starts_with("OTEL_") && !value.is_empty())
        .map(|(name, value)| {
            let is_secret = name.ends_with("_HEADERS") || value.contains('@');
            format!("{name}  {}\n", if is_secret { "set" } else { value })
        })
        .collect();
    lines.sort_unstable();
    lines.concat()
}

fn endpoint(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
        _ => Err("must be a URL of OTLP over HTTP, such as http://collector:4318".to_owned()),
    }
}

fn protocol(text: &str) -> Result<(), String> {
    one_of(&["http/protobuf"], text)
}

fn exporter(text: &str) -> Result<(), String> {
    one_of(&["otlp", "none"], text)
}

fn sampler(text: &str) -> Result<(), String> {
    one_of(&SAMPLERS, text)
}

/// Without a sampler, or with one that was refused, all is traced.
fn sampling(sampler: Option<&str>, ratio: Option<&str>) -> Sampling {
    let sampler = sampler.unwrap_or("parentbased_always_on");
    let kind = sampler.strip_prefix("parentbased_");
    let share = match kind.unwrap_or(sampler) {
        "always_off" => 0.0,
        "traceidratio" => ratio.and_then(|ratio| ratio.parse().ok()).unwrap_or(1.0),
        _ => 1.0,
    };
    Sampling {
        share,
        follows_caller: kind.is_some(),
    }
}

fn one_of(words: &[&str], text: &str) -> Result<(), String> {
    if words.contains(&text) {
        Ok(())
    } else {
        Err(format!("must be {}, not \"{text}\"", words.join(" or ")))
    }
}

fn ratio(text: &str) -> Result<(), String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(()),
        _ => Err(format!("must be a number from 0 to 1, not \"{text}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(said: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        said.iter().map(own).collect()
    }

    fn judged(said: &[(&str, &str)]) -> (Otlp, Vec<String>) {
        let mut problems = Problems(Vec::new());
        let otlp = Otlp::judge(&pairs(said), &mut problems);
        (otlp, problems.0)
    }

    #[test]
    fn an_endpoint_switches_on_what_it_is_for() {
        for (said, traces, metrics) in [
            (&[][..], false, false),
            (&[(ENDPOINT, "")], false, false),
            (&[(ENDPOINT, "http://c:4318")], true, true),
            (&[(TRACES_ENDPOINT, "https://c/v1/traces")], true, false),
            (&[(METRICS_ENDPOINT, "https://c/v1/metrics")], false, true),
            (
                &[(ENDPOINT, "http://c:4318"), ("OTEL_TRACES_EXPORTER", "none")],
                false,
                true,
            ),
            (
                &[(ENDPOINT, "http://c:4318"), ("OTEL_SDK_DISABLED", "true")],
                false,
                false,
            ),
        ] {
            let (otlp, problems) = judged(said);
            assert_eq!(
                (otlp.traces.is_some(), otlp.metrics),
                (traces, metrics),
                "{said:?}"
            );
            assert_eq!(problems, Vec::<String>::new());
        }
    }

    #[test]
    fn the_sampler_says_which_traces_are_made() {
        for (sampler, ratio, share, follows_caller) in [
            (None, None, 1.0, true),
            (Some("parentbased_traceidratio"), Some("0.01"), 0.01, true),
            (Some("traceidratio"), Some("0.5"), 0.5, false),
            (Some("traceidratio"), None, 1.0, false),
            (Some("always_off"), Some("0.5"), 0.0, false),
            (Some("parentbased_always_off"), None, 0.0, true),
            (Some("always_on"), None, 1.0, false),
        ] {
            let expected = Sampling {
                share,
                follows_caller,
            };
            assert_eq!(sampling(sampler, ratio), expected, "{sampler:?}");
        }
    }

    #[test]
    fn what_the_sdk_would_pass_over_is_said() {
        let (_, problems) = judged(&[
            (ENDPOINT, "collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "10%"),
        ]);
        assert_eq!(problems.len(), 5, "{problems:#?}");
    }

    #[test]
    fn headers_and_passwords_are_shown_as_set() {
        let said = pairs(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hidden"),
            (ENDPOINT, "http://u:hidden@c:4318"),
            ("OTEL_SERVICE_NAME", "shop"),
            ("PATH", "/bin"),
        ]);
        let expected = format!("{ENDPOINT}  set\nOTEL_EXPORTER_OTLP_HEADERS  set\nOTEL_SERVICE_NAME  shop\n");
        assert_eq!(report(&said), expected);
    }
}
