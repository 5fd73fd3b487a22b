//! The cost of a call of each function. A test fails if a function has no entry here, because calls
//! of the function would then be free.

/// The cost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallCharge {
    /// No cost. The time of the call does not depend on the size of its arguments.
    Nothing,
    /// The size of the arguments.
    Reads,
    /// The size of the arguments and of the result.
    Makes,
    /// A cost that the function charges while it runs, or that `instrument.rs` adds to the call.
    Counts,
    /// The cost of the calls and loops to which the macro expands.
    Expands,
}

/// Functions whose time does not depend on the size of their arguments.
const NOTHING: &[&str] = &[
    "dyn",
    "family",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "hasValue",
    "insufficient_data",
    "isGlobalUnicast",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isPrivate",
    "isUnspecified",
    "masked",
    "math.abs",
    "math.bitAnd",
    "math.bitNot",
    "math.bitOr",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "math.bitXor",
    "math.ceil",
    "math.floor",
    "math.isFinite",
    "math.isInf",
    "math.isNaN",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "days",
    "optional.none",
    "or",
    "orValue",
    "prefixLength",
    "type",
    "unwrapOpt",
    "value",
];

/// Functions that read their arguments and return a value of a fixed maximum size.
const READS: &[&str] = &[
    "bool",
    "charAt",
    "cidr",
    "contains",
    "containsCIDR",
    "containsIP",
    "double",
    "duration",
    "endsWith",
    "indexOf",
    "int",
    "ip",
    "ip.isCanonical",
    "isArn",
    "isCIDR",
    "isIP",
    "lastIndexOf",
    "math.greatest",
    "math.least",
    "partition",
    "size",
    "startsWith",
    "timestamp",
    "uint",
];

/// Functions whose result can be as long as their arguments.
const MAKES: &[&str] = &[
    "arn",
    "as_list",
    "base64.decode",
    "base64.encode",
    "bytes",
    "first",
    "flatten",
    "format",
    "iam.administrator",
    "iam.grants",
    "iam.grants_all",
    "iam.insecure",
    "iam.open_trust",
    "iam.outsiders",
    "iam.open_endpoint",
    "iam.public",
    "iam.public_by_s3",
    "iam.statements",
    "internet_ranges",
    "last",
    "lowerAscii",
    "numbers_at",
    "optional.of",
    "optional.ofNonZeroValue",
    "parse_json",
    "percent_decode",
    "regex.extract",
    "regex.extractAll",
    "regex.replace",
    "reverse",
    "slice",
    "string",
    "strings.quote",
    "strings_in",
    "substring",
    "texts_at",
    "trim",
    "upperAscii",
    "values_at",
];

/// Functions that charge the budget while they run, or for which `instrument.rs` adds a special
/// charge to the call.
const COUNTS: &[&str] = &[
    "distinct",
    "glob",
    "join",
    "lists.range",
    "matches",
    "open_rules",
    "replace",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sort",
    "split",
];

/// The macros of the library. A call of a macro has no cost, because its expansion is charged.
const EXPANDS: &[&str] = &[
    "all",
    "cel.bind",
    "exists",
    "existsOne",
    "exists_one",
    "transformList",
    "transformMap",
    "transformMapEntry",
];

/// Returns the cost of a call of the function, or `None` if the function has no entry.
pub(super) fn find_charge(name: &str) -> Option<CallCharge> {
    let lists = [
        (NOTHING, CallCharge::Nothing),
        (READS, CallCharge::Reads),
        (MAKES, CallCharge::Makes),
        (COUNTS, CallCharge::Counts),
        (EXPANDS, CallCharge::Expands),
    ];
    lists.iter().find(|(names, _)| names.contains(&name)).map(|(_, charge)| *charge)
}
