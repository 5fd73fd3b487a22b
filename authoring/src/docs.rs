//! Pages about policies: one for each, and an index, in Markdown or HTML.
//!
//! Whatever a policy says is shown and never obeyed: its text cannot become a link, a tag or a heading.

mod escaping;
mod policy_view;

use evenkeel_engine::FunctionSet;
use evenkeel_rules::PolicyCase;
use evenkeel_rules::policy::{Policy, Severity};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, escape_formatter};
use policy_view::PolicyView;
use serde::Serialize;
use std::collections::BTreeMap;

/// What each page holds, so that pages that nobody needs any more are known as ours.
pub const GENERATED_MARK: &str = "Written by `evenkeel docs`: what is changed here is lost.";

/// What pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFormat {
    /// A tree of Markdown, whose index is README.md.
    Markdown,
    /// A static site, whose index is index.html: without scripts, and without anything from elsewhere.
    Html,
}

/// A policy, and what does not stand in its file.
#[derive(Debug)]
pub struct DocumentedPolicy<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Its cases.
    pub cases: &'a [PolicyCase],
    /// The IAM actions of its repair.
    pub permissions: Vec<String>,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocsPage {
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
struct IndexContext<'a> {
    mark: &'static str,
    ending: &'static str,
    count: usize,
    severities: Vec<PolicyGroup<'a>>,
    services: Vec<PolicyGroup<'a>>,
}

#[derive(Serialize)]
struct PolicyGroup<'a> {
    name: String,
    policies: Vec<&'a PolicyView>,
}

#[derive(Serialize)]
struct PolicyPageContext<'a> {
    mark: &'static str,
    ending: &'static str,
    policy: &'a PolicyView,
}

/// What a page of HTML is put into.
#[derive(Serialize)]
struct LayoutContext<'a> {
    mark: &'static str,
    title: &'a str,
    content: &'a str,
}

/// All pages, the index first. `functions` are those that the policies may call beside the library's.
///
/// # Errors
/// When a template is wrong.
pub fn render_pages(
    subjects: &[DocumentedPolicy<'_>],
    functions: &FunctionSet,
    format: PageFormat,
) -> Result<Vec<DocsPage>, DocsError> {
    let views: Vec<PolicyView> =
        subjects.iter().map(|subject| PolicyView::from_policy(subject, functions)).collect();
    let environment = build_environment(format)?;
    let (mark, ending) = (GENERATED_MARK, format.file_extension());
    let index = IndexContext {
        mark,
        ending,
        count: views.len(),
        severities: group_by_severity(&views),
        services: group_by_service(&views),
    };
    let text = format.render_page(&environment, "index", "Policies", &Serde(index).into())?;
    let mut pages = vec![DocsPage { path: format.index_path().to_owned(), text }];
    for policy in &views {
        let shown = PolicyPageContext { mark, ending, policy };
        let text = format.render_page(&environment, "policy", &policy.id, &Serde(shown).into())?;
        pages.push(DocsPage { path: format!("{}/{}.{ending}", policy.service, policy.id), text });
    }
    Ok(pages)
}

/// Text in a line of Markdown, or in a cell of a table: shown as it is, whatever it holds.
pub fn escape_markdown_text(text: &str) -> String {
    escaping::escape_markdown(&escaping::escape_invisible(text))
}

impl PageFormat {
    /// How the names of pages end.
    pub fn file_extension(self) -> &'static str {
        match self {
            PageFormat::Markdown => "md",
            PageFormat::Html => "html",
        }
    }

    /// The name of the index.
    fn index_path(self) -> &'static str {
        match self {
            PageFormat::Markdown => "README.md",
            PageFormat::Html => "index.html",
        }
    }

    fn render_page(
        self,
        environment: &Environment<'_>,
        template: &str,
        title: &str,
        with: &Value,
    ) -> Result<String, minijinja::Error> {
        let name = format!("{template}.{}", self.file_extension());
        let content = environment.get_template(&name)?.render(with)?;
        match self {
            PageFormat::Markdown => Ok(content),
            PageFormat::Html => {
                let whole = LayoutContext { mark: GENERATED_MARK, title, content: &content };
                environment.get_template("layout.html")?.render(Serde(whole))
            }
        }
    }
}

fn build_environment(format: PageFormat) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    let safe = |filter: fn(&str) -> String| move |text: &str| Value::from_safe_string(filter(text));
    match format {
        PageFormat::Markdown => {
            // The formatter escapes, whatever the name of a template says.
            environment.set_auto_escape_callback(|_| AutoEscape::None);
            environment.set_formatter(|out, _, value| {
                let text = value.to_string();
                let text = if value.is_safe() { text } else { escaping::escape_markdown(&text) };
                out.write_str(&text).map_err(minijinja::Error::from)
            });
            environment.add_filter("code", safe(escaping::format_inline_code));
            environment.add_filter("cell", safe(escaping::format_cell_code));
            environment.add_filter("fence", safe(escaping::format_code_block));
            environment.add_filter("prose", safe(escaping::format_prose));
            environment.add_filter("link", safe(escaping::format_link));
            environment.add_template("index.md", include_str!("../templates/index.md.j2"))?;
            environment.add_template("policy.md", include_str!("../templates/policy.md.j2"))?;
        }
        PageFormat::Html => {
            environment.set_auto_escape_callback(|_| AutoEscape::Html);
            environment.set_formatter(escape_formatter);
            environment.add_filter("prose", safe(escaping::format_prose_html));
            environment.add_filter("link", safe(escaping::format_link_html));
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
fn group_by_severity(views: &[PolicyView]) -> Vec<PolicyGroup<'_>> {
    let mut groups: BTreeMap<Severity, Vec<&PolicyView>> = BTreeMap::new();
    for view in views {
        groups.entry(view.rank).or_default().push(view);
    }
    let group =
        |(severity, policies): (Severity, _)| PolicyGroup { name: severity.to_string(), policies };
    groups.into_iter().rev().map(group).collect()
}

/// The policies of each service.
fn group_by_service(views: &[PolicyView]) -> Vec<PolicyGroup<'_>> {
    let mut groups: BTreeMap<&str, Vec<&PolicyView>> = BTreeMap::new();
    for view in views {
        groups.entry(&view.service).or_default().push(view);
    }
    let group = |(name, policies): (&str, _)| PolicyGroup { name: name.to_owned(), policies };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests;
