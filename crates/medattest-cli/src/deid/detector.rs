//! Datasets of a project: the recognizers are loaded once, and what was searched before is not searched again.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use medattest_core::{Dataset, sha256_hex, sha256_stream};
use medattest_deid::{Layers, Resources, Scanner, Survey};

use super::{Outcome, Walk, Work, run, unusable, walk};
use crate::command::Stop;
use crate::embedded;
use crate::progress::Progress;

/// What finds identifiers in the datasets of a project.
pub(crate) struct Detector {
    resources: Resources,
    scanner: Arc<Scanner>,
    year: i16,
}

impl Detector {
    /// Loads the embedded recognizers; ages are reckoned by the year.
    pub(crate) fn load(year: i16) -> Result<Self, Stop> {
        let resources = embedded::recognizers();
        let scanner = Scanner::load(&resources, Layers::All, year).map_err(|error| unusable(&error))?;
        Ok(Self { resources, scanner: Arc::new(scanner), year })
    }

    /// Whether a text holds anything that Safe Harbor takes out.
    pub(crate) fn finds(&self, text: &str) -> bool {
        let mut found = Vec::new();
        self.scanner.scan(text, &mut self.scanner.scratch(), &mut found);
        let policy = self.scanner.kinds.policy("safe-harbor");
        found.iter().any(|detection| policy.is_none_or(|policy| policy.removes(detection.kind)))
    }

    /// The files of a dataset; paths are shown as the project names them.
    pub(crate) fn walk(&self, path: &Path, shown: &str) -> Result<Walk, Stop> {
        let mut walked = walk(&[path.to_owned()])?;
        let full = path.display().to_string();
        let named =
            |name: &str| name.strip_prefix(&full).map_or_else(|| name.to_owned(), |rest| format!("{shown}{rest}"));
        for source in &mut walked.sources {
            source.shown = named(&source.shown);
        }
        for unread in &mut walked.unread {
            unread.path = named(&unread.path);
        }
        Ok(walked)
    }

    /// Under what key the result is kept: the same for the same bytes under the same names, judged alike.
    pub(crate) fn key(&self, walked: &Walk, dataset: &Dataset) -> String {
        let mut all = format!("deid {} {} {}", medattest_core::VERSION, self.resources.sha256(), self.year);
        all.push_str(&format!(" {} {:?}", dataset.policy, dataset.keep));
        for source in &walked.sources {
            // A file that cannot be read now is told by the search itself.
            let sha256 = File::open(&source.path).and_then(sha256_stream).unwrap_or_default();
            all.push_str(&format!("\n{sha256} {}", source.shown));
        }
        for unread in &walked.unread {
            all.push_str(&format!("\n- {} {}", unread.path, unread.reason));
        }
        sha256_hex(all.as_bytes())
    }

    /// Searches the files of a dataset.
    pub(crate) fn survey(&self, walked: Walk, dataset: &Dataset) -> Result<Survey, Stop> {
        let Some(policy) = self.scanner.kinds.policy(&dataset.policy) else {
            let known: Vec<&str> = self.scanner.kinds.policies.iter().map(|p| p.id.as_str()).collect();
            let hint = format!("policies: {}", known.join(", "));
            return Err(Stop::usage(&dataset.id, format!("there is no policy `{}`", dataset.policy), hint));
        };
        let policy = policy.clone().keeping(&dataset.keep);
        let work = Work::new(&self.resources, self.scanner.clone(), policy, self.year)?;
        let Outcome { survey, .. } = run(&work, walked, None, &Progress::start())?;
        Ok(survey)
    }
}
