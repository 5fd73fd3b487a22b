//! Facts about the names of AWS: partitions, Amazon Resource Names (ARNs) and account IDs. The
//! crate makes no network calls.
//!
//! ```
//! use evenkeel_aws::{Arn, AwsPartition};
//!
//! assert_eq!(AwsPartition::for_region("eusc-de-east-1").dns_suffix, "amazonaws.eu");
//! let role = Arn::iam_role("us-iso-east-1", "111122223333", "read");
//! assert_eq!(role, "arn:aws-iso:iam::111122223333:role/read");
//! ```

mod account;
mod arn;
mod partition;

pub use account::is_account_id;
pub use arn::Arn;
pub use partition::{AwsPartition, PARTITIONS};
