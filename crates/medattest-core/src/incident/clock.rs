//! Legal clocks: from a start to a last moment, over days, working days, hours and months.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, ToSpan as _};

use super::Moment;
use crate::diagnostic::Diagnostic;
use crate::judge::count;
use crate::reader::Table;

/// Days on which nobody works, besides Saturdays and Sundays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCalendar {
    /// Name in kebab-case, such as `us-federal`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Law that names the days.
    pub citation: String,
    /// Days off.
    pub holidays: Vec<Holiday>,
}

/// A day off that comes back every year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Name.
    pub title: String,
    /// When.
    pub when: HolidayRule,
    /// First year of it.
    pub since: i16,
}

/// How the day is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolidayRule {
    /// A day of a month; on a Saturday the Friday before, on a Sunday the Monday after.
    Observed {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
    /// The nth weekday of a month; the last for −1.
    Nth {
        /// 1 to 12.
        month: i8,
        /// Weekday.
        weekday: Weekday,
        /// 1 to 4, or −1.
        nth: i8,
    },
}

impl HolidayRule {
    fn in_year(self, year: i16) -> Option<Date> {
        match self {
            Self::Observed { month, day } => {
                let date = Date::new(year, month, day).ok()?;
                match date.weekday() {
                    Weekday::Saturday => date.yesterday().ok(),
                    Weekday::Sunday => date.tomorrow().ok(),
                    _ => Some(date),
                }
            }
            Self::Nth { month, weekday, nth } => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
            }
        }
    }
}

impl WorkCalendar {
    /// Whether people work on that day.
    pub fn is_working_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && self.holiday(date).is_none()
    }

    /// The holiday on that day. New Year's Day of the next year may be observed on the last day of this one.
    fn holiday(&self, date: Date) -> Option<&Holiday> {
        let years = [date.year(), date.year().saturating_add(1)];
        let falls =
            |holiday: &&Holiday| years.iter().any(|&y| y >= holiday.since && holiday.when.in_year(y) == Some(date));
        self.holidays.iter().find(falls)
    }

    /// The day `n` working days after `start`, which is not counted; with the holidays that were skipped.
    pub fn after(&self, start: Date, n: u32) -> (Date, Vec<String>) {
        let (mut day, mut left, mut skipped) = (start, n, Vec::new());
        while left > 0 {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            } else if let Some(holiday) = self.holiday(day) {
                skipped.push(format!("{} ({day})", holiday.title));
            }
        }
        (day, skipped)
    }

    pub(crate) fn read(table: &mut Table<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let id = table.required_string("id", diagnostics);
        let title = table.required_string("title", diagnostics);
        let citation = table.required_string("citation", diagnostics);
        let mut holidays = Vec::new();
        for mut day in table.tables("day", diagnostics) {
            let place = day.place();
            let title = day.required_string("title", diagnostics).unwrap_or_default();
            let mut small = |key: &str| day.integer(key, diagnostics).and_then(|n| i8::try_from(n).ok());
            let (month, date, nth) = (small("month"), small("day"), small("nth"));
            let since = day.integer("since", diagnostics).and_then(|n| i16::try_from(n).ok()).unwrap_or(i16::MIN);
            let weekday = day.choice("weekday", &WEEKDAYS.map(|(name, _)| name), diagnostics);
            let weekday = weekday.and_then(|w| WEEKDAYS.iter().find(|(name, _)| *name == w).map(|(_, day)| *day));
            day.finish(diagnostics);
            let when = match (month, date, nth, weekday) {
                (Some(month), Some(day), None, None) => HolidayRule::Observed { month, day },
                (Some(month), None, Some(nth), Some(weekday)) => HolidayRule::Nth { month, weekday, nth },
                _ => {
                    diagnostics.push(Diagnostic {
                        place,
                        code: "holiday",
                        message: format!("it is not said when `{title}` is"),
                        hint: Some("write month and day, or month, weekday and nth (-1 for the last)".into()),
                    });
                    continue;
                }
            };
            holidays.push(Holiday { title, when, since });
        }
        table.finish(diagnostics);
        Some(Self { id: id?, title: title?, citation: citation?, holidays })
    }
}

const WEEKDAYS: [(&str, Weekday); 5] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
];

/// How long a clock runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    /// Hours.
    Hours(u32),
    /// Calendar days; the day of the start is not counted.
    Days(u32),
    /// Calendar days after the end of the calendar year in which it started.
    DaysAfterYearEnd(u32),
    /// Working days of a calendar; the day of the start is not counted.
    WorkingDays(u32, WorkCalendar),
    /// Months, to the day of the same number or the last of the month.
    Months(u32),
}

impl Within {
    /// The last moment in time for a clock that started at `start`, with what the reader must know of the counting.
    pub(crate) fn end(&self, start: &Moment) -> Option<(Moment, Vec<String>)> {
        let day = start.date();
        let days = |from: Date, n: u32| from.checked_add(i64::from(n).days()).ok().map(Moment::Day);
        let mut notes = Vec::new();
        let end = match self {
            Self::Days(n) => days(day, *n)?,
            Self::DaysAfterYearEnd(n) => days(Date::new(day.year(), 12, 31).ok()?, *n)?,
            Self::Months(n) => Moment::Day(day.checked_add(i64::from(*n).months()).ok()?),
            Self::WorkingDays(n, calendar) => {
                let (end, skipped) = calendar.after(day, *n);
                if !skipped.is_empty() {
                    notes.push(format!("not counted: {}", skipped.join(", ")));
                }
                Moment::Day(end)
            }
            Self::Hours(n) => match start {
                Moment::At(at) => Moment::At(at.checked_add(SignedDuration::from_hours(i64::from(*n))).ok()?),
                Moment::Day(day) => {
                    notes
                        .push("the hour is not stated, so the hours run from the first minute of the day".to_owned());
                    // The last whole day that is over before the hours are.
                    Moment::Day(day.checked_add((i64::from(n / 24) - 1).days()).ok()?)
                }
            },
        };
        Some((end, notes))
    }

    /// In words.
    pub fn words(&self) -> String {
        let plural = |n: u32, noun: &str| count(n as usize, noun);
        match self {
            Self::Hours(n) => plural(*n, "hour"),
            Self::Days(n) => plural(*n, "calendar day"),
            Self::DaysAfterYearEnd(n) => format!("{} after the end of the calendar year", plural(*n, "day")),
            Self::WorkingDays(n, calendar) => format!("{} ({})", plural(*n, "working day"), calendar.title),
            Self::Months(n) => plural(*n, "month"),
        }
    }
}
