//! Pages about policies: one for each, and an index, in Markdown or HTML.
//!
//! Whatever a policy says is shown and never obeyed: its text cannot become a link, a tag or a heading.

mod escape;
mod view;

use evenkeel_engine::Functions;
use evenkeel_rules::Case;
use evenkeel_rules::policy::{Policy, Severity};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, escape_formatter};
use serde::Serialize;
use std::collections::BTreeMap;
use view::View;

/// What each page holds, so that pages that nobody needs any more are known as ours.
pub const MARK: &str = "Written by `evenkeel docs`: what is changed here is lost.";

/// What pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A tree of Markdown, whose index is README.md.
    Markdown,
    /// A static site, whose index is index.html: without scripts, and without anything from elsewhere.
    Html,
}

/// A policy, and what does not stand in its file.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Its cases.
    pub cases: &'a [Case],
    /// The IAM actions of its repair.
    pub permissions: Vec<String>,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path from the index's folder, with `/` between names.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// A template is wrong itself.
#[derive(Debug, thiserror::Error)]
#[error("a template is wrong: {0:#}")]
pub struct DocsError(#[from] minijinja::Error);

/// What the index is rendered with.
#[derive(Serialize)]
struct Index<'a> {
    mark: &'static str,
    ending: &'static str,
    count: usize,
    severities: Vec<Group<'a>>,
    services: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    name: String,
    policies: Vec<&'a View>,
}

#[derive(Serialize)]
struct Shown<'a> {
    mark: &'static str,
    ending: &'static str,
    policy: &'a View,
}

/// What a page of HTML is put into.
#[derive(Serialize)]
struct Whole<'a> {
    mark: &'static str,
    title: &'a str,
    content: &'a str,
}

/// All pages, the index first. `functions` are those that the policies may call beside the library's.
///
/// # Errors
/// When a template is wrong.
pub fn render(
    subjects: &[Subject<'_>],
    functions: &Functions,
    format: Format,
) -> Result<Vec<Page>, DocsError> {
    let views: Vec<View> = subjects.iter().map(|subject| View::of(subject, functions)).collect();
    let environment = environment(format)?;
    let (mark, ending) = (MARK, format.ending());
    let index = Index {
        mark,
        ending,
        count: views.len(),
        severities: by_severity(&views),
        services: by_service(&views),
    };
    let text = format.page(&environment, "index", "Policies", &Serde(index).into())?;
    let mut pages = vec![Page { path: format.index().to_owned(), text }];
    for policy in &views {
        let shown = Shown { mark, ending, policy };
        let text = format.page(&environment, "policy", &policy.id, &Serde(shown).into())?;
        pages.push(Page { path: format!("{}/{}.{ending}", policy.service, policy.id), text });
    }
    Ok(pages)
}

/// Text in a line of Markdown, or in a cell of a table: shown as it is, whatever it holds.
pub fn markdown_text(text: &str) -> String {
    escape::markdown(&escape::visible(text))
}

impl Format {
    /// How the names of pages end.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Markdown => "md",
            Format::Html => "html",
        }
    }

    /// The name of the index.
    fn index(self) -> &'static str {
        match self {
            Format::Markdown => "README.md",
            Format::Html => "index.html",
        }
    }

    fn page(
        self,
        environment: &Environment<'_>,
        template: &str,
        title: &str,
        with: &Value,
    ) -> Result<String, minijinja::Error> {
        let name = format!("{template}.{}", self.ending());
        let content = environment.get_template(&name)?.render(with)?;
        match self {
            Format::Markdown => Ok(content),
            Format::Html => {
                let whole = Whole { mark: MARK, title, content: &content };
                environment.get_template("layout.html")?.render(Serde(whole))
            }
        }
    }
}

fn environment(format: Format) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    let safe = |filter: fn(&str) -> String| move |text: &str| Value::from_safe_string(filter(text));
    match format {
        Format::Markdown => {
            // The formatter escapes, whatever the name of a template says.
            environment.set_auto_escape_callback(|_| AutoEscape::None);
            environment.set_formatter(|out, _, value| {
                let text = value.to_string();
                let text = if value.is_safe() { text } else { escape::markdown(&text) };
                out.write_str(&text).map_err(minijinja::Error::from)
            });
            environment.add_filter("code", safe(escape::code));
            environment.add_filter("cell", safe(escape::cell));
            environment.add_filter("fence", safe(escape::fence));
            environment.add_filter("prose", safe(escape::prose));
            environment.add_filter("link", safe(escape::link));
            environment.add_template("index.md", include_str!("../templates/index.md.j2"))?;
            environment.add_template("policy.md", include_str!("../templates/policy.md.j2"))?;
        }
        Format::Html => {
            environment.set_auto_escape_callback(|_| AutoEscape::Html);
            environment.set_formatter(escape_formatter);
            environment.add_filter("prose", safe(escape::prose_html));
            environment.add_filter("link", safe(escape::link_html));
            for (name, text) in [
                ("layout.html", include_str!("../templates/layout.html.j2")),
                ("index.html", include_str!("../templates/index.html.j2")),
                ("policy.html", include_str!("../templates/policy.html.j2")),
            ] {
                environment.add_template(name, text)?;
            }
        }
    }
    Ok(environment)
}

/// The policies of each severity, the highest first.
fn by_severity(views: &[View]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Severity, Vec<&View>> = BTreeMap::new();
    for view in views {
        groups.entry(view.rank).or_default().push(view);
    }
    let group =
        |(severity, policies): (Severity, _)| Group { name: severity.to_string(), policies };
    groups.into_iter().rev().map(group).collect()
}

/// The policies of each service.
fn by_service(views: &[View]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<&str, Vec<&View>> = BTreeMap::new();
    for view in views {
        groups.entry(&view.service).or_default().push(view);
    }
    let group = |(name, policies): (&str, _)| Group { name: name.to_owned(), policies };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests;
