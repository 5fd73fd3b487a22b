//! Lists all payload formats. Each format is defined in its own file.
//!
//! The parser recognizes the format of an object by the members of the object, and not by the
//! service that sent the object.

mod cloudtrail_digest;
mod cloudtrail_notice;
mod cloudtrail_record;
mod cloudwatch_logs;
mod config_notification;
mod config_rule;
mod configuration_item;
mod eventbridge_event;
mod kinesis_record;
mod lookup_event;
mod s3_notification;
mod sns_notification;
mod sqs_message;

pub(crate) use cloudtrail_notice::VALIDATION_MESSAGE;
pub(crate) use configuration_item::read_configuration_item as read_item;

use super::format::{BatchElements, BatchList, MemberTest, PayloadFormat};

/// All formats except the plain record. The first format that matches an object parses the object.
/// Therefore, a format that wraps other formats comes before these formats.
const CARRIERS: [&PayloadFormat; 12] = [
    &sqs_message::FORMAT,
    &kinesis_record::FORMAT,
    &s3_notification::FORMAT,
    &sns_notification::FORMAT,
    &cloudwatch_logs::FORMAT,
    &eventbridge_event::FORMAT,
    &config_rule::FORMAT,
    &config_notification::FORMAT,
    &configuration_item::FORMAT,
    &cloudtrail_notice::FORMAT,
    &cloudtrail_digest::FORMAT,
    &lookup_event::FORMAT,
];

/// The lists with the elements of a batch: Lambda batches and CloudTrail logs (`Records`), the
/// output of `lookup-events` (`Events`), snapshots and histories of AWS Config
/// (`configurationItems`), and the API of AWS Config (`baseConfigurationItems`).
pub(crate) const BATCH_LISTS: [BatchList; 4] = [
    BatchList { name: "Records", elements: BatchElements::Records },
    BatchList { name: "Events", elements: BatchElements::Any },
    BatchList {
        name: "configurationItems",
        elements: BatchElements::KnownFormat(&configuration_item::FORMAT),
    },
    BatchList {
        name: "baseConfigurationItems",
        elements: BatchElements::KnownFormat(&configuration_item::FORMAT),
    },
];

/// Returns all formats, in the order in which they are tried.
pub(crate) fn all_formats() -> impl Iterator<Item = &'static PayloadFormat> {
    CARRIERS.into_iter().chain([&cloudtrail_record::FORMAT])
}

/// Returns whether a CloudTrail record can be recognized by a member of this name.
pub(crate) fn is_record_member(name: &[u8]) -> bool {
    let mut tests = cloudtrail_record::FORMAT.member_tests.iter().copied().flatten();
    tests.any(|test| matches!(test, MemberTest::Present(own) if own.as_bytes() == name))
}

/// The hint of one member about the format of its object, for a byte scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormatHint {
    /// CloudTrail records have this member.
    Record,
    /// The object may have another format. The parser must determine the format.
    Other,
    /// The member gives no hint.
    None,
}

/// Returns the hint of a member with this name and this JSON value. An object with a hint of a
/// record and without a hint of another format is a plain record.
pub(crate) fn find_format_hint(name: &[u8], value: &[u8]) -> FormatHint {
    let firsts = |format: &'static PayloadFormat| {
        format.member_tests.iter().filter_map(|tests| tests.first())
    };
    if CARRIERS.into_iter().flat_map(firsts).any(|test| may_match_carrier(test, name, value)) {
        return FormatHint::Other;
    }
    let mut record = cloudtrail_record::FORMAT.member_tests.iter().copied().flatten();
    if record.any(|test| may_exclude_record(test, name, value)) {
        return FormatHint::Other;
    }
    if is_record_member(name) { FormatHint::Record } else { FormatHint::None }
}

/// Returns whether a test of a format other than the record may be met by a member.
fn may_match_carrier(test: &MemberTest, name: &[u8], value: &[u8]) -> bool {
    match test {
        MemberTest::Present(own) => own.as_bytes() == name,
        MemberTest::Equals(own, start) => own.as_bytes() == name && may_start_with(value, start),
        MemberTest::NotPrefixed(..) => false,
    }
}

/// Returns whether a member may exclude its object from being a record.
fn may_exclude_record(test: &MemberTest, name: &[u8], value: &[u8]) -> bool {
    matches!(
        test,
        MemberTest::NotPrefixed(own, prefix)
            if own.as_bytes() == name && may_start_with(value, prefix)
    )
}

/// Returns whether a JSON text may be a string with this prefix. The function does not decode
/// escapes. Therefore it returns true for every string that contains an escape.
fn may_start_with(value: &[u8], prefix: &str) -> bool {
    let text = value.strip_prefix(b"\"").unwrap_or_default();
    text.starts_with(prefix.as_bytes()) || memchr::memchr(b'\\', text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_file_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/payload/formats");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
        assert_eq!(files.count(), all_formats().count());
    }

    #[test]
    fn only_members_of_plain_records_are_hints_of_a_record() {
        assert_eq!(find_format_hint(b"eventName", b"\"PutObject\""), FormatHint::Record);
        assert_eq!(find_format_hint(b"eventSource", b"\"s3.amazonaws.com\""), FormatHint::Record);
        assert_eq!(find_format_hint(b"userIdentity", b"{}"), FormatHint::None);
        for (name, value) in [
            ("eventSource", "\"aws:sqs\""),
            ("eventSource", "\"aws:dynamodb\""),
            ("eventSource", r#""\u0061ws:sqs""#),
            ("EventSource", "\"aws:sns\""),
            ("detail-type", "\"AWS API Call via CloudTrail\""),
            ("CloudTrailEvent", "\"{}\""),
            ("configurationItem", "{}"),
        ] {
            assert_eq!(
                find_format_hint(name.as_bytes(), value.as_bytes()),
                FormatHint::Other,
                "{name}: {value}"
            );
        }
    }
}
