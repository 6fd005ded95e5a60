//! Telling who has to know: lines of JSON, and a signed request to a webhook.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use medattest_core::hex;
use medattest_core::monitor::{Alert, MonitorReport};
use sha2::Sha256;

use super::state::Store;
use crate::command::Stop;

/// How often a webhook is tried.
const TRIES: u32 = 4;
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where alerts are sent.
pub(crate) struct Webhook {
    pub(crate) url: String,
    /// What requests are signed with.
    pub(crate) key: Option<Vec<u8>>,
}

/// Tells the alerts of the newest window, and of overdue ones, that were not told before: adds them to a file of JSON
/// lines and posts them, then remembers that they were told.
pub(crate) fn tell(
    report: &MonitorReport,
    file: Option<&Path>,
    webhook: Option<&Webhook>,
    state: &Path,
) -> Result<(), Stop> {
    let store = Store::open(state, &report.plan)?;
    let mut sent = store.sent();
    let alerts: Vec<&Alert> = report.current().into_iter().filter(|alert| !sent.contains(&alert.id)).collect();
    if alerts.is_empty() {
        return Ok(());
    }
    if let Some(path) = file {
        let shown = path.display().to_string();
        let failed = |_| Stop::usage(&shown, "the alerts cannot be written", "check the folder and its permissions");
        let mut lines = Vec::new();
        for alert in &alerts {
            serde_json::to_writer(&mut lines, alert).map_err(|error| failed(error.into()))?;
            lines.push(b'\n');
        }
        let mut open = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        // One write, so that lines of two processes do not mix.
        open.write_all(&lines).and_then(|()| open.sync_data()).map_err(failed)?;
    }
    if let Some(webhook) = webhook {
        webhook.send(report, &alerts)?;
    }
    sent.extend(alerts.iter().map(|alert| alert.id.clone()));
    store.keep_sent(&sent)
}

impl Webhook {
    /// Posts alerts as JSON. A key signs the body: `X-Medattest-Signature: sha256=` and the HMAC in hexadecimal.
    fn send(&self, report: &MonitorReport, alerts: &[&Alert]) -> Result<(), Stop> {
        let body = serde_json::json!({
            "format": "medattest-alerts-v1",
            "plan": report.plan.id,
            "as-of": report.as_of.to_string(),
            "alerts": alerts,
        });
        let body = body.to_string();
        let signature = self.key.as_ref().and_then(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(body.as_bytes());
            Some(format!("sha256={}", hex(&mac.finalize().into_bytes())))
        });
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).build().into();
        let mut why = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(Duration::from_millis(500) * 2u32.pow(attempt - 1));
            }
            let mut request = agent.post(&self.url).header("Content-Type", "application/json");
            if let Some(signature) = &signature {
                request = request.header("X-Medattest-Signature", signature);
            }
            match request.send(&body) {
                Ok(_) => return Ok(()),
                Err(ureq::Error::StatusCode(code)) => {
                    why = format!("it answered {code}");
                    // What is wrong with the request does not mend itself.
                    if (400..500).contains(&code) && code != 408 && code != 429 {
                        break;
                    }
                }
                Err(_) => "it cannot be reached".clone_into(&mut why),
            }
        }
        let message = format!("the webhook did not take the alerts: {why}");
        Err(Stop::usage("--webhook", message, "they are sent again with the next run"))
    }
}
