//! What each function pays for: one without an entry here cannot be called.

/// How a call is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallCharge {
    /// Nothing: it takes the same short time whatever its arguments are.
    Nothing,
    /// What it reads: its arguments' text and parts.
    Reads,
    /// What it reads, and what it makes.
    Makes,
    /// It counts its own work while it does it.
    Counts,
    /// A macro: what it becomes is charged.
    Expands,
}

/// Functions that take the same short time whatever their arguments are.
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

/// Functions that read their arguments, and make something short of them.
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

/// Functions that make something as long as what they read.
const MAKES: &[&str] = &[
    "admin_statements",
    "arn",
    "as_list",
    "base64.decode",
    "base64.encode",
    "bytes",
    "cross_account_principals",
    "denies_plain_http",
    "first",
    "flatten",
    "format",
    "internet_ranges",
    "last",
    "lowerAscii",
    "numbers_at",
    "optional.of",
    "optional.ofNonZeroValue",
    "parse_json",
    "percent_decode",
    "policy_statements",
    "public_statements",
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

/// Functions that count their own work, or whose arguments the guard counts by what becomes of them.
const COUNTS: &[&str] = &[
    "distinct",
    "glob",
    "join",
    "lists.range",
    "matches",
    "replace",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sort",
    "split",
];

/// Macros of the library.
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

/// How a call of the function is charged; none where nobody has decided.
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
