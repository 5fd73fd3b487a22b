//! The built function, driven as AWS Lambda drives it.
