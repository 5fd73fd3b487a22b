//! A policy document, read from JSON into one form.

use serde_json::{Map, Value};

use super::operator::Operator;
use super::template::Template;

/// An IAM policy document.
///
/// ```
/// use evenkeel_iam::PolicyDocument;
///
/// let json = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
/// let document = PolicyDocument::parse_text(json)?;
/// assert_eq!(document.statements().len(), 1);
/// # Ok::<(), evenkeel_iam::DocumentError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) allows: bool,
    /// `None` in a statement of an identity-based policy.
    pub(crate) principals: Option<Members<PrincipalName>>,
    /// `None` if the statement has neither `Action` nor `NotAction`. The names are in lower case.
    pub(crate) actions: Option<Members<Template>>,
    /// `None` if the statement has neither `Resource` nor `NotResource`.
    pub(crate) resources: Option<Members<Template>>,
    pub(crate) conditions: Vec<Condition>,
}

/// A list of a statement, such as `Action` or `NotAction`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Members<T> {
    pub(crate) listed: Vec<T>,
    /// The texts, as written. Empty for principals.
    pub(crate) written: Vec<String>,
    /// True for `NotPrincipal`, `NotAction` and `NotResource`: everything that is not listed.
    pub(crate) is_complement: bool,
}

impl<T> Members<T> {
    /// Returns whether the list includes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty() && !self.is_complement
    }
}

/// A principal, as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalName {
    /// `*` or `{"AWS": "*"}`
    Everyone,
    /// An ARN or an account ID of the type `AWS`.
    Aws(String),
    /// A service, such as `sns.amazonaws.com`.
    Service(String),
    /// An identity provider: an ARN, or the name of a provider that AWS has built in.
    Federated(String),
    /// The canonical user ID of an account, for Amazon S3.
    CanonicalUser(String),
    /// A principal of another type.
    Other(String),
}

/// A condition of a statement: one operator and one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// `None` if AWS does not document the operator.
    pub(crate) operator: Option<Operator>,
    /// The name of the operator, as written.
    pub(crate) operator_name: String,
    /// The key, in lower case.
    pub(crate) key: String,
    /// The values. One value that matches is sufficient.
    pub(crate) values: Vec<Template>,
    /// The values, as written.
    pub(crate) written: Vec<String>,
}

/// Why a JSON value is not a policy document. The text contains no part of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is not JSON.
    #[error("the policy document is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line of the error.
        line: usize,
        /// The column of the error.
        column: usize,
    },
    /// The document is not a JSON object.
    #[error("the policy document is not an object")]
    NotAnObject,
    /// The document has no `Statement`.
    #[error("the policy document has no statement")]
    NoStatement,
    /// A statement is not a JSON object.
    #[error("statement {0} of the policy document is not an object")]
    StatementNotAnObject(usize),
    /// The `Effect` of a statement is neither `Allow` nor `Deny`.
    #[error("statement {0} of the policy document has no effect `Allow` or `Deny`")]
    NoEffect(usize),
    /// An element of a statement has another type than AWS documents.
    #[error("statement {statement} of the policy document has a `{element}` of a wrong type")]
    WrongType {
        /// The position of the statement; the first is 1.
        statement: usize,
        /// The name of the element.
        element: &'static str,
    },
}

impl PolicyDocument {
    /// Parses the JSON text of a policy document.
    ///
    /// # Errors
    /// A [`DocumentError`] if the text is not a policy document.
    pub fn parse_text(text: &str) -> Result<Self, DocumentError> {
        let json = serde_json::from_str(text).map_err(|error| DocumentError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        Self::from_json(&json)
    }

    /// Reads a policy document. The names of the elements are not case-sensitive, because some
    /// services record them in lower case. An empty object is a document without statements.
    ///
    /// # Errors
    /// A [`DocumentError`] if the value is not a policy document.
    pub fn from_json(json: &Value) -> Result<Self, DocumentError> {
        let Value::Object(fields) = json else { return Err(DocumentError::NotAnObject) };
        if fields.is_empty() {
            return Ok(Self::default());
        }
        // Version 2008-10-17, the default of AWS, has no policy variables.
        let version = find_field(fields, "version").and_then(Value::as_str);
        let has_variables = version == Some("2012-10-17");
        let read = |(number, item): (usize, &Value)| {
            read_statement(number.saturating_add(1), item, has_variables)
        };
        let statements = match find_field(fields, "statement") {
            Some(Value::Array(items)) => items.iter().enumerate().map(read).collect(),
            Some(item) => read((0, item)).map(|one| vec![one]),
            None => Err(DocumentError::NoStatement),
        };
        Ok(PolicyDocument { statements: statements? })
    }

    /// Returns the statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Returns a document with the statements of both documents, in order.
    #[must_use]
    pub fn join_document(&self, other: &PolicyDocument) -> Self {
        PolicyDocument { statements: [self.statements(), other.statements()].concat() }
    }

    /// Returns the document as a resource-based policy, in which a statement without principals applies
    /// to nobody.
    pub(crate) fn as_resource_policy(&self) -> Self {
        let nobody = || Members { listed: Vec::new(), written: Vec::new(), is_complement: false };
        let with_principals = |statement: &Statement| {
            let principals = Some(statement.principals.clone().unwrap_or_else(nobody));
            Statement { principals, ..statement.clone() }
        };
        PolicyDocument { statements: self.statements.iter().map(with_principals).collect() }
    }

    /// Returns whether a statement has principals, as in a resource-based policy.
    pub(crate) fn has_principals(&self) -> bool {
        self.statements.iter().any(|statement| statement.principals.is_some())
    }

    /// Returns a document with only those statements for which `keep` is true.
    #[must_use]
    pub fn filter_statements(&self, keep: impl Fn(&Statement) -> bool) -> Self {
        let kept = self.statements.iter().filter(|one| keep(one)).cloned();
        PolicyDocument { statements: kept.collect() }
    }
}

impl Statement {
    /// Returns the statement ID.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Returns true for `Allow`, and false for `Deny`.
    pub fn allows(&self) -> bool {
        self.allows
    }

    /// Returns the statement in a uniform form: `sid`, `effect`, `principals`, `notPrincipals`,
    /// `actions`, `notActions`, `resources`, `notResources`, and `conditions` with `operator`, `key`
    /// and `values`. Every list is present. Keys of conditions are in lower case. The names of
    /// principals have a prefix such as `service:`, except those of the type `AWS`.
    pub fn describe(&self) -> Value {
        let mut fields = Map::new();
        let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        add("sid", Value::from(self.sid().unwrap_or_default()));
        add("effect", Value::from(if self.allows { "Allow" } else { "Deny" }));
        let principals = self.principals.as_ref().map(|members| {
            let names = members.listed.iter().map(describe_principal).collect();
            (names, members.is_complement)
        });
        let texts = |members: &Members<Template>| (members.written.clone(), members.is_complement);
        let lists = [
            ("principals", "notPrincipals", principals),
            ("actions", "notActions", self.actions.as_ref().map(texts)),
            ("resources", "notResources", self.resources.as_ref().map(texts)),
        ];
        for (name, complement, list) in lists {
            let (list, is_complement): (Vec<String>, bool) = list.unwrap_or_default();
            let (listed, excluded) = if is_complement { (vec![], list) } else { (list, vec![]) };
            add(name, Value::from(listed));
            add(complement, Value::from(excluded));
        }
        let conditions = self.conditions.iter().map(|condition| {
            serde_json::json!({
                "operator": condition.operator_name,
                "key": condition.key,
                "values": condition.written,
            })
        });
        add("conditions", conditions.collect());
        Value::Object(fields)
    }
}

fn find_field<'j>(fields: &'j Map<String, Value>, wanted: &str) -> Option<&'j Value> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn read_statement(
    number: usize,
    json: &Value,
    has_variables: bool,
) -> Result<Statement, DocumentError> {
    let Value::Object(fields) = json else {
        return Err(DocumentError::StatementNotAnObject(number));
    };
    let reader = StatementReader { number, fields, has_variables };
    let effect = find_field(fields, "effect").and_then(Value::as_str).unwrap_or_default();
    let allows = effect.eq_ignore_ascii_case("allow");
    if !allows && !effect.eq_ignore_ascii_case("deny") {
        return Err(DocumentError::NoEffect(number));
    }
    Ok(Statement {
        sid: find_field(fields, "sid").and_then(Value::as_str).map(str::to_owned),
        allows,
        principals: reader.read_members(
            "Principal",
            "NotPrincipal",
            StatementReader::read_principals,
        )?,
        actions: reader.read_members("Action", "NotAction", |reader, value, element| {
            reader.read_templates(value, element, str::to_ascii_lowercase)
        })?,
        resources: reader.read_members("Resource", "NotResource", |reader, value, element| {
            reader.read_templates(value, element, expand_resource)
        })?,
        conditions: reader.read_conditions()?,
    })
}

/// The members of a list, and their texts as written.
type ListedTexts<T> = (Vec<T>, Vec<String>);

struct StatementReader<'j> {
    number: usize,
    fields: &'j Map<String, Value>,
    has_variables: bool,
}

impl StatementReader<'_> {
    fn wrong_type(&self, element: &'static str) -> DocumentError {
        DocumentError::WrongType { statement: self.number, element }
    }

    fn read_members<T>(
        &self,
        element: &'static str,
        complement: &'static str,
        read: impl Fn(&Self, &Value, &'static str) -> Result<ListedTexts<T>, DocumentError>,
    ) -> Result<Option<Members<T>>, DocumentError> {
        for (name, is_complement) in [(element, false), (complement, true)] {
            if let Some(value) = find_field(self.fields, name).filter(|value| !value.is_null()) {
                let (listed, written) = read(self, value, name)?;
                return Ok(Some(Members { listed, written, is_complement }));
            }
        }
        Ok(None)
    }

    fn read_principals(
        &self,
        json: &Value,
        element: &'static str,
    ) -> Result<ListedTexts<PrincipalName>, DocumentError> {
        let wrong = || self.wrong_type(element);
        let aws = |name: String| match name.as_str() {
            "*" => PrincipalName::Everyone,
            _ => PrincipalName::Aws(name),
        };
        let Value::Object(kinds) = json else {
            let names = read_texts(json).ok_or_else(wrong)?.into_iter();
            return Ok((names.map(aws).collect(), Vec::new()));
        };
        let mut all = Vec::new();
        for (kind, names) in kinds {
            let names = read_texts(names).ok_or_else(wrong)?.into_iter();
            match kind.to_ascii_lowercase().as_str() {
                "aws" => all.extend(names.map(aws)),
                "service" => all.extend(names.map(PrincipalName::Service)),
                "federated" => all.extend(names.map(PrincipalName::Federated)),
                "canonicaluser" => all.extend(names.map(PrincipalName::CanonicalUser)),
                _ => all.extend(names.map(PrincipalName::Other)),
            }
        }
        Ok((all, Vec::new()))
    }

    fn read_templates(
        &self,
        json: &Value,
        element: &'static str,
        change: impl Fn(&str) -> String,
    ) -> Result<ListedTexts<Template>, DocumentError> {
        let written = read_texts(json).ok_or_else(|| self.wrong_type(element))?;
        let template = |text: &String| Template::parse_text(&change(text), self.has_variables);
        Ok((written.iter().map(template).collect(), written))
    }

    fn read_conditions(&self) -> Result<Vec<Condition>, DocumentError> {
        let wrong = || self.wrong_type("Condition");
        let mut all = Vec::new();
        let Some(json) = find_field(self.fields, "condition").filter(|json| !json.is_null()) else {
            return Ok(all);
        };
        for (operator_name, keys) in json.as_object().ok_or_else(wrong)? {
            for (key, values) in keys.as_object().ok_or_else(wrong)? {
                let written = read_texts(values).ok_or_else(wrong)?;
                let template = |text: &String| Template::parse_text(text, self.has_variables);
                all.push(Condition {
                    operator: Operator::parse_name(operator_name),
                    operator_name: operator_name.clone(),
                    key: key.to_ascii_lowercase(),
                    values: written.iter().map(template).collect(),
                    written,
                });
            }
        }
        Ok(all)
    }
}

/// Returns the ARN pattern of a resource. A resource of an API can be written without the first parts
/// of its ARN. AWS completes an ARN without its last parts: `arn:aws:sqs` is `arn:aws:sqs:*:*:*`.
///
/// Source: Amazon API Gateway Developer Guide, "API Gateway resource policy examples"; AWS IAM User
/// Guide, "IAM identifiers".
pub(crate) fn expand_resource(text: &str) -> String {
    if let Some(path) = text.strip_prefix("execute-api:/") {
        return format!("arn:aws*:execute-api:*:*:*/{path}");
    }
    let parts = text.splitn(ARN_PARTS, ':').count();
    // A wildcard can stand for several parts.
    if !text.starts_with("arn:") || text.contains('*') || parts < 3 {
        return text.to_owned();
    }
    format!("{text}{}", ":*".repeat(ARN_PARTS.saturating_sub(parts)))
}

/// The number of parts of an ARN.
const ARN_PARTS: usize = 6;

/// Returns the name of a principal with its type, except for the type `AWS`.
fn describe_principal(name: &PrincipalName) -> String {
    match name {
        PrincipalName::Everyone => "*".to_owned(),
        PrincipalName::Aws(name) => name.clone(),
        PrincipalName::Service(name) => format!("service:{name}"),
        PrincipalName::Federated(name) => format!("federated:{name}"),
        PrincipalName::CanonicalUser(id) => format!("canonical:{id}"),
        PrincipalName::Other(name) => format!("other:{name}"),
    }
}

/// Reads a text or a list of texts. Booleans and numbers become texts. Some services record an empty
/// list as an empty object.
fn read_texts(json: &Value) -> Option<Vec<String>> {
    match json {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Array(items) => {
            let lists: Option<Vec<Vec<String>>> = items.iter().map(read_texts).collect();
            lists.map(|lists| lists.concat())
        }
        Value::Null => Some(Vec::new()),
        Value::Object(fields) if fields.is_empty() => Some(Vec::new()),
        Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_read() {
        let document = PolicyDocument::parse_text(
            r#"{"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow",
                "Principal": {"AWS": ["*", "111122223333"], "Service": "sns.amazonaws.com"},
                "NotAction": "S3:Get*", "Resource": ["a", "b"],
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a"}, "Bool": {"x": true}}}]}"#,
        )
        .unwrap();
        let [statement] = document.statements() else { panic!() };
        assert_eq!(statement.sid(), Some("One"));
        let principals = statement.principals.as_ref().unwrap();
        assert_eq!(principals.listed.first(), Some(&PrincipalName::Everyone));
        let actions = statement.actions.as_ref().unwrap();
        assert!(actions.is_complement);
        assert_eq!(actions.listed, [Template::parse_text("s3:get*", true)]);
        assert_eq!(statement.conditions.len(), 2);
    }

    #[test]
    fn what_is_not_a_document_is_an_error_that_names_the_place() {
        let error = |json| PolicyDocument::parse_text(json).unwrap_err();
        assert!(matches!(error("{"), DocumentError::NotJson { line: 1, .. }));
        assert_eq!(error("[]"), DocumentError::NotAnObject);
        assert_eq!(error(r#"{"Version": "2012-10-17"}"#), DocumentError::NoStatement);
        assert_eq!(error(r#"{"Statement": [1]}"#), DocumentError::StatementNotAnObject(1));
        assert_eq!(error(r#"{"Statement": {"Effect": "allows"}}"#), DocumentError::NoEffect(1));
        let wrong = r#"{"Statement": {"Effect": "Deny", "Condition": {"Bool": "x"}}}"#;
        assert!(error(wrong).to_string().contains("statement 1"));
    }
}
