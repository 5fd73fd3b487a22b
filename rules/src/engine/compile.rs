//! From source text to an expression that can be evaluated: parsed, expanded, checked, bounded.

use super::failure::Failure;
use super::functions::Functions;
use super::guard::{children, children_mut, guard};
use super::limits::{COMPILE_STACK, MAX_DEPTH, MAX_NODES, MAX_SOURCE};
use super::mutate::Mutator;
use super::names::{Known, check_names};
use super::scope::Scope;
use super::syntax::Syntax;
use super::trace::{self, Part};
use super::value::Answer;
use super::{blame, budget, env};
use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::{Context, Value};
use std::ops::Range;

/// Which source a node belongs to is kept in the upper half of its id.
const SOURCE_SHIFT: u32 = 32;

/// Runs `work` where there is stack enough to compile anything within the limits.
///
/// # Errors
/// When no thread can be started, or `work` panics.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().stack_size(COMPILE_STACK);
        let thread = thread
            .spawn_scoped(threads, work)
            .map_err(|error| Failure::internal(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(|_| Failure::internal("the compiler panicked".to_owned()))
    })
}

/// Whether `text` is CEL at all: names and functions are not looked at.
///
/// # Errors
/// What is wrong, and where in the text.
pub fn check_syntax(text: &str) -> Result<(), Failure> {
    on_large_stack(|| parse(text, 0).map(drop))?
}

/// A checked expression, ready to be evaluated.
#[derive(Debug)]
pub struct Expression {
    ast: IdedExpr,
    uses: Vec<String>,
}

impl Expression {
    /// Whether the expression uses the name `name`, or what its variables use.
    pub fn uses(&self, name: &str) -> bool {
        self.uses.iter().any(|used| used == name)
    }

    /// The parts of an expression that is watched; none of another.
    pub fn parts(&self, sources: &Sources) -> Vec<Part> {
        trace::parts(&self.ast, sources)
    }

    /// The numbers of the sources that the expression is made of: its own, and its variables'.
    pub(crate) fn sources(&self) -> Vec<usize> {
        let mut numbers = Vec::new();
        numbers_of(&self.ast, &mut numbers);
        numbers
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// When the evaluation fails: a missing key, a wrong type, a spent budget.
    pub fn evaluate(&self, scope: &Scope<'_>, sources: &Sources) -> Result<Answer, Failure> {
        let mut context = Context::with_env(env()?);
        context.set_variable_resolver(scope);
        budget::reset(1);
        match Value::resolve_val(&self.ast, &context) {
            Ok(value) => Ok(Answer::of(&*value)),
            Err(error) => Err(blame::explain(&self.ast, &context, &error, sources)),
        }
    }
}

/// The texts that a policy's expressions were compiled from.
#[derive(Debug, Default)]
pub struct Sources {
    texts: Vec<(String, SourceInfo)>,
    /// The variables' names, and the id of the whole of each.
    variables: Vec<(String, u64)>,
}

/// What is done to expressions besides compiling them.
#[derive(Debug, Default)]
pub(crate) enum Rework {
    /// Nothing: they are to judge events.
    #[default]
    Nothing,
    /// Their parts tell what they are; each source is kept as it reads.
    Watch(Vec<Syntax>),
    /// One is changed, to see whether a case notices.
    Mutate(Mutator),
}

impl Sources {
    /// Those of one expression on its own.
    pub(super) fn single(text: &str, info: SourceInfo) -> Self {
        Sources { texts: vec![(text.to_owned(), info)], variables: Vec::new() }
    }

    /// The number of the source that a node was written in, and the bytes of it.
    pub(super) fn span(&self, expr: &IdedExpr) -> (usize, Range<usize>) {
        let number = usize::try_from(expr.id >> SOURCE_SHIFT).unwrap_or_default();
        let (mut start, mut end) = (usize::MAX, 0);
        self.widen(expr, number, &mut start, &mut end);
        let Some((text, _)) = self.texts.get(number) else { return (number, 0..0) };
        if start > end { (number, 0..0) } else { (number, whole(text, start..end)) }
    }

    /// The parser notes where a node's operator stands: the union over a tree is where it is.
    fn widen(&self, expr: &IdedExpr, number: usize, from: &mut usize, to: &mut usize) {
        if expr.id >> SOURCE_SHIFT == number as u64
            && let Some((_, info)) = self.texts.get(number)
            && let Some((start, stop)) = info.offset_for(expr.id & u64::from(u32::MAX))
        {
            *from = (*from).min(usize::try_from(start).unwrap_or(usize::MAX));
            let stop = usize::try_from(stop).unwrap_or_default().saturating_add(1);
            *to = (*to).max(stop);
        }
        for child in children(expr) {
            self.widen(child, number, from, to);
        }
    }

    /// The name of the variable that a node is the whole of.
    pub(super) fn variable(&self, expr: &IdedExpr) -> Option<&str> {
        self.variables.iter().find(|variable| variable.1 == expr.id).map(|found| found.0.as_str())
    }

    /// The text of a node as it was written.
    pub(super) fn text(&self, expr: &IdedExpr) -> Option<&str> {
        let (number, span) = self.span(expr);
        self.texts.get(number)?.0.get(span).filter(|text| !text.is_empty())
    }
}

/// Widens a span to the end of the name, and of the brackets, that begin in it.
fn whole(text: &str, span: Range<usize>) -> Range<usize> {
    let start = beginning(text, text.floor_char_boundary(span.start));
    let (mut end, mut open, mut quote) =
        (ending(text, text.ceil_char_boundary(span.end)), 0_usize, None);
    for (at, c) in text.get(start..).unwrap_or_default().char_indices() {
        let at = start.saturating_add(at);
        let word = c.is_alphanumeric() || matches!(c, '_' | '`' | '?');
        if at >= end && open == 0 && quote.is_none() && !word {
            break;
        }
        match (quote, c) {
            (Some(begun), c) if begun == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => open = open.saturating_add(1),
            (None, ')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        end = end.max(at.saturating_add(c.len_utf8()));
    }
    start..end
}

/// Where a node begins whose first token that the parser notes stands at `at`: a call's is its bracket, and what a
/// variable stands for was written elsewhere.
fn beginning(text: &str, at: usize) -> usize {
    let is_chain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '?');
    let rest = text.get(at..).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    let is_operator = rest.starts_with(['=', '<', '>', '&', '|', '+', '*', '/', '%', '?', '['])
        || rest.starts_with("!=")
        || (rest.starts_with('-') && before.ends_with(' '))
        || rest.starts_with("in ");
    let before = if is_operator { before.trim_end() } else { before };
    if is_operator || rest.starts_with('(') || before.ends_with('.') || rest.starts_with('.') {
        return before.trim_end_matches(is_chain).len();
    }
    at
}

/// Where a node ends whose last token is an operator, behind which a variable stands.
fn ending(text: &str, end: usize) -> usize {
    let inside = text.get(..end).unwrap_or_default().trim_end();
    let rest = text.get(end..).unwrap_or_default();
    if !inside.ends_with(['=', '<', '>', '&', '|', '+', '-', '*', '/', '%', ':', '!'])
        && !inside.ends_with(" in")
    {
        return end;
    }
    let name = rest.trim_start();
    let length = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
    text.len().saturating_sub(name.len()).saturating_add(length)
}

/// Compiles the expressions of one policy, which share variables and functions.
#[derive(Debug)]
pub struct Compiler<'f> {
    functions: &'f Functions,
    variables: Vec<(String, IdedExpr)>,
    sources: Sources,
    rework: Rework,
}

impl<'f> Compiler<'f> {
    /// A compiler that knows these functions. Its work belongs on a [large stack](on_large_stack).
    pub fn new(functions: &'f Functions) -> Self {
        Self::reworking(functions, Rework::Nothing)
    }

    /// A compiler that does more to expressions than compile them.
    pub(crate) fn reworking(functions: &'f Functions, rework: Rework) -> Self {
        Compiler { functions, variables: Vec::new(), sources: Sources::default(), rework }
    }

    /// The number that the next source will have.
    pub fn source(&self) -> usize {
        self.sources.texts.len()
    }

    /// The text of a source.
    pub(crate) fn text(&self, source: usize) -> &str {
        self.sources.texts.get(source).map_or("", |source| source.0.as_str())
    }

    /// Gives `name` to an expression; later expressions may use it.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn variable(&mut self, name: &str, text: &str, scope: &[&str]) -> Result<(), Failure> {
        let ast = self.parse(text, scope)?;
        self.sources.variables.push((name.to_owned(), ast.id));
        self.variables.push((name.to_owned(), ast));
        Ok(())
    }

    /// Compiles an expression that may use the names in `scope` and the variables so far.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn expression(&mut self, text: &str, scope: &[&str]) -> Result<Expression, Failure> {
        let mut ast = self.parse(text, scope)?;
        let uses = super::names::used(&ast);
        guard(&mut ast);
        if matches!(self.rework, Rework::Watch(_)) {
            trace::watch(&mut ast);
        }
        Ok(Expression { ast, uses })
    }

    /// What the expressions were compiled from, which their evaluation needs to explain itself.
    pub fn into_sources(self) -> Sources {
        self.into_parts().0
    }

    /// The same, and what was done to them.
    pub(crate) fn into_parts(self) -> (Sources, Rework) {
        (self.sources, self.rework)
    }

    fn parse(&mut self, text: &str, scope: &[&str]) -> Result<IdedExpr, Failure> {
        let number = self.source();
        let (mut ast, info) = parse(text, number)?;
        self.sources.texts.push((text.to_owned(), info));
        within_limits(&ast, number, text)?;
        match &mut self.rework {
            Rework::Nothing => {}
            Rework::Watch(read) => read.push(Syntax::of(&ast, &self.sources)),
            Rework::Mutate(mutator) => mutator.visit(&mut ast, &self.sources),
        }
        self.functions.expand(&mut ast);
        let variables = self.variables.iter().map(|variable| variable.0.as_str());
        let known = Known { names: scope.iter().copied().chain(variables).collect() };
        check_names(&ast, &known, self.functions).map_err(|wrong| {
            let (number, span) = self.sources.span(wrong.node);
            Failure { help: wrong.help, ..Failure::at(number, span, wrong.message) }
        })?;
        inline(&mut ast, &self.variables);
        within_limits(&ast, number, text)?;
        Ok(ast)
    }
}

/// Parses one source; its nodes' ids carry its number.
pub(super) fn parse(text: &str, number: usize) -> Result<(IdedExpr, SourceInfo), Failure> {
    if text.len() > MAX_SOURCE {
        let message = format!("the expression is longer than {MAX_SOURCE} bytes");
        return Err(Failure::at(number, 0..text.len(), message));
    }
    let parser = env()?.parser().enable_ident_escape_syntax(true);
    let (mut ast, info) = parser.parse_with_source_info(text).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |error| error.pos);
        let at = position(text, line, column);
        let message = first.map_or("not CEL", |error| error.msg.as_str());
        let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
        let end = text.ceil_char_boundary(at.saturating_add(1)).max(at);
        Failure::at(number, at..end, lower_first(message))
    })?;
    renumber(&mut ast, (number as u64) << SOURCE_SHIFT);
    Ok((ast, info))
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// The byte at a line and column, both counted from 1.
fn position(text: &str, line: isize, column: isize) -> usize {
    let skip = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    let before: usize = text.split_inclusive('\n').take(skip).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let column = usize::try_from(column.saturating_sub(1)).unwrap_or_default();
    before.saturating_add(rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
}

fn numbers_of(expr: &IdedExpr, numbers: &mut Vec<usize>) {
    let number = usize::try_from(expr.id >> SOURCE_SHIFT).unwrap_or_default();
    if !numbers.contains(&number) {
        numbers.push(number);
    }
    for child in children(expr) {
        numbers_of(child, numbers);
    }
}

fn renumber(expr: &mut IdedExpr, base: u64) {
    expr.id |= base;
    children_mut(expr, &mut |child| renumber(child, base));
}

/// Puts each variable's expression where its name stands.
fn inline(expr: &mut IdedExpr, variables: &[(String, IdedExpr)]) {
    if let Expr::Ident(name) = &expr.expr {
        if let Some((_, value)) = variables.iter().find(|variable| variable.0 == *name) {
            *expr = value.clone();
        }
        return;
    }
    children_mut(expr, &mut |child| inline(child, variables));
}

fn within_limits(ast: &IdedExpr, number: usize, text: &str) -> Result<(), Failure> {
    let mut nodes = 0;
    let depth = measure(ast, 1, &mut nodes);
    let wrong = if depth > MAX_DEPTH {
        format!("the expression nests deeper than {MAX_DEPTH} levels")
    } else if nodes > MAX_NODES {
        format!("the expression has more than {MAX_NODES} parts once its variables are filled in")
    } else {
        return Ok(());
    };
    Err(Failure::at(number, 0..text.len(), wrong))
}

/// The depth of a tree; counts its nodes, and stops looking where they are too many.
fn measure(expr: &IdedExpr, depth: usize, nodes: &mut usize) -> usize {
    *nodes = nodes.saturating_add(1);
    if *nodes > MAX_NODES {
        return depth;
    }
    let below =
        children(expr).into_iter().map(|child| measure(child, depth.saturating_add(1), nodes));
    below.max().unwrap_or(depth)
}
