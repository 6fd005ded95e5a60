//! When something happened: a day, or an instant with its offset from UTC.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::value::Value;

/// A day, or an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A day whose hour nobody said.
    Day(Date),
    /// An instant, with the clock it was read from.
    At(ZonedDateTime),
}

impl Moment {
    /// The day, on the clock it was read from.
    pub fn date(&self) -> Date {
        match self {
            Self::Day(date) => *date,
            Self::At(at) => at.date(),
        }
    }

    /// Whether it has passed at `now`; a day has when it is over.
    pub fn is_past(&self, now: &ZonedDateTime) -> bool {
        match self {
            Self::Day(date) => *date < now.date(),
            Self::At(at) => at.timestamp() < now.timestamp(),
        }
    }

    /// As a fact holds it.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Day(date) => Value::Date(*date),
            Self::At(_) => Value::Text(self.to_string()),
        }
    }

    /// From what a fact holds.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Date(date) => Some(Self::Day(*date)),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// The text is neither a day nor an instant with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a day nor a time with its zone")]
pub struct NotAMoment;

impl FromStr for Moment {
    type Err = NotAMoment;

    /// Reads `2026-11-20`, `2026-11-20T14:30:00-05:00` or `2026-11-20T14:30[America/New_York]`; a time without offset or
    /// zone is refused, because it would be another instant in another place.
    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let text = text.trim();
        let pieces = Pieces::parse(text).map_err(|_| NotAMoment)?;
        if pieces.time().is_none() {
            return if text.len() == 10 { Ok(Self::Day(pieces.date())) } else { Err(NotAMoment) };
        }
        if pieces.time_zone_annotation().is_some() {
            return text.parse().map(Self::At).map_err(|_| NotAMoment);
        }
        let offset = pieces.to_numeric_offset().ok_or(NotAMoment)?;
        let at: Timestamp = text.parse().map_err(|_| NotAMoment)?;
        Ok(Self::At(at.to_zoned_datetime(TimeZone::fixed(offset))))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => write!(f, "{date}"),
            Self::At(at) if at.time_zone().iana_name().is_some_and(|name| name != "UTC") => write!(f, "{at}"),
            Self::At(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S%:z")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_back() {
        for text in [
            "2026-11-20",
            "2026-11-20T14:30:00-05:00",
            "2026-11-20T14:30:00+00:00",
            "2026-11-20T14:30:00-05:00[America/New_York]",
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(moment.to_string(), text);
            assert_eq!(Moment::of(&moment.to_value()), Some(moment));
        }
        let summer: Moment = "2026-07-01T09:00[Europe/Berlin]".parse().expect("a time in a zone");
        assert_eq!(summer.to_string(), "2026-07-01T09:00:00+02:00[Europe/Berlin]");
        for text in ["2026-11-20T14:30:00", "20 November", "2026-11-20 [UTC]", "", "2026-13-01"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
