//! Postcodes by their first three digits, where enough people live.

use serde::Deserialize;

use crate::error::LoadError;
use crate::resources::Resources;

/// Which three digits may stay.
pub(super) struct Zip3 {
    allowed: Vec<bool>,
    pub(super) vintage: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "citation")]
    _citation: String,
    #[serde(rename = "confidence")]
    _confidence: String,
    vintage: String,
    #[serde(rename = "limits")]
    _limits: String,
    #[serde(rename = "note")]
    _note: String,
    allowed: Vec<String>,
}

impl Zip3 {
    pub(super) fn load(resources: &Resources) -> Result<Self, LoadError> {
        const NAME: &str = "zip3.toml";
        let file: File = resources.toml(NAME)?;
        let mut allowed = vec![false; 1000];
        for range in &file.allowed {
            let parsed =
                range.split_once('-').and_then(|(a, b)| Some((a.parse::<usize>().ok()?, b.parse::<usize>().ok()?)));
            let Some((first, last)) = parsed.filter(|(a, b)| a <= b && *b < 1000) else {
                return Err(LoadError::new(NAME, format!("`{range}` is no range"), "write `010-035`"));
            };
            allowed[first..=last].fill(true);
        }
        Ok(Self { allowed, vintage: file.vintage })
    }

    /// `60614` as `606`, `03601` as `000`; none for postcodes of other countries.
    pub(super) fn generalise(&self, value: &str) -> Option<String> {
        let digits: String = value.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
        let five = digits.split('-').next().filter(|five| five.len() == 5)?;
        if value.chars().any(|c| !(c.is_ascii_digit() || c == '-' || c == ' ')) {
            return None;
        }
        let prefix = five.get(..3)?;
        let kept = prefix.parse::<usize>().is_ok_and(|at| self.allowed[at]);
        // Asterisks show that it is no number of its own.
        Some(format!("{}**", if kept { prefix } else { "000" }))
    }
}

#[cfg(test)]
mod tests {
    use super::Zip3;

    #[test]
    fn areas_of_few_people_and_unknown_ones_become_000() {
        let mut allowed = vec![false; 1000];
        allowed[606] = true;
        let zip3 = Zip3 { allowed, vintage: String::new() };
        assert_eq!(zip3.generalise("60614-1234").as_deref(), Some("606**"));
        assert_eq!(zip3.generalise("03601").as_deref(), Some("000**"));
        assert_eq!(zip3.generalise("SW1A 1AA"), None);
        assert_eq!(zip3.generalise("6061"), None);
    }
}
