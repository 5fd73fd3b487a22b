//! What the function meets: the Runtime API, AWS, and a proxy between that breaks on demand.

#[path = "../../aws/asked.rs"]
pub(crate) mod asked;
pub(crate) mod aws;
pub(crate) mod events;
pub(crate) mod function;
#[path = "../../aws/http.rs"]
pub(crate) mod http;
#[path = "../../aws/iam.rs"]
pub(crate) mod iam;
pub(crate) mod permitted;
#[path = "../../aws/proxy.rs"]
pub(crate) mod proxy;
#[path = "../../aws/stand.rs"]
pub(crate) mod stand;
#[path = "../../aws/template.rs"]
pub(crate) mod template;
