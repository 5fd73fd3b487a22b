//! `evenkeel lsp`: a language server for policies, over standard input and output.

mod documents;
mod places;
mod wire;

use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::note;
use clap::Args;
use documents::Documents;
use evenkeel_authoring::editor::{Draft, Kind};
use evenkeel_remediators::catalog::CATALOG;
use lsp_server::{ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, CompletionParams, GotoDefinitionParams,
    Hover, HoverContents, HoverParams, HoverProviderCapability, Location, MarkupContent,
    MarkupKind, OneOf, ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind,
};
use serde_json::{Value, json};
use wire::Incoming;

/// Serve an editor: diagnostics while typing, completion, hover, definitions
#[derive(Debug, Args)]
#[command(after_help = "\
An editor starts this and speaks the Language Server Protocol with it over standard input and output; README.md has
snippets for some. Documents are policies (.cel) and their cases (.test.yaml).

Editors without a plug-in have the same from: evenkeel check --watch policies/")]
pub(crate) struct Lsp {
    /// Taken for editors that say so: there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was said yet.
    New,
    /// Documents are opened and changed.
    Open,
    /// The editor says good-bye.
    Shut,
}

pub(crate) fn run(_: &Lsp) -> Result<Exit, Stopped> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut stage, mut documents) = (Stage::New, Documents::default());
    loop {
        let answers = match wire::read(&mut input).map_err(Stopped::io("the editor"))? {
            Incoming::End => return Ok(Exit::Found),
            Incoming::Odd(why) => vec![odd(why)],
            Incoming::Message(Message::Response(_)) => Vec::new(),
            Incoming::Message(Message::Notification(told)) if told.method == "exit" => {
                return Ok(if stage == Stage::Shut { Exit::Well } else { Exit::Found });
            }
            Incoming::Message(Message::Notification(told)) => notified(&mut documents, &told),
            Incoming::Message(Message::Request(asked)) => {
                vec![Message::Response(staged(&mut stage, &documents, asked))]
            }
        };
        for answer in answers {
            answer.write(&mut output).map_err(Stopped::io("the editor"))?;
        }
    }
}

/// The answer to what is no message: it has no id.
fn odd(why: String) -> Message {
    let id = lsp_server::RequestId::from(0);
    Message::Response(Response::new_err(id, ErrorCode::ParseError as i32, why))
}

/// Answers a request, where the conversation is so far.
fn staged(stage: &mut Stage, documents: &Documents, asked: Request) -> Response {
    match (asked.method.as_str(), *stage) {
        ("initialize", Stage::New) => {
            *stage = Stage::Open;
            let version = env!("CARGO_PKG_VERSION");
            let server = json!({"name": "evenkeel", "version": version});
            Response::new_ok(
                asked.id,
                json!({"capabilities": capabilities(), "serverInfo": server}),
            )
        }
        ("shutdown", Stage::Open) => {
            *stage = Stage::Shut;
            Response::new_ok(asked.id, Value::Null)
        }
        (_, Stage::Open) => answer_to(documents, asked),
        (_, Stage::New) => {
            let why = "say `initialize` first".to_owned();
            Response::new_err(asked.id, ErrorCode::ServerNotInitialized as i32, why)
        }
        (_, Stage::Shut) => {
            let why = "`shutdown` was said already".to_owned();
            Response::new_err(asked.id, ErrorCode::InvalidRequest as i32, why)
        }
    }
}

fn capabilities() -> ServerCapabilities {
    let triggers = [".", "?", "[", ",", " "].map(str::to_owned).to_vec();
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

/// What is told after an editor opened, changed, saved or closed a document.
fn notified(documents: &mut Documents, notification: &Notification) -> Vec<Message> {
    let text =
        |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let params = &notification.params;
    let Some(uri) = text(params, "/textDocument/uri") else { return Vec::new() };
    match notification.method.as_str() {
        "textDocument/didOpen" => {
            documents.open(&uri, text(params, "/textDocument/text").unwrap_or_default());
        }
        // Changes are whole texts, of which the last holds.
        "textDocument/didChange" => {
            let last = params
                .pointer("/contentChanges")
                .and_then(Value::as_array)
                .and_then(|all| all.last());
            documents.open(&uri, last.and_then(|last| text(last, "/text")).unwrap_or_default());
        }
        "textDocument/didSave" => {}
        "textDocument/didClose" => documents.close(&uri),
        other => {
            if !other.starts_with("$/") {
                note(&format!("lsp: {} is not for us\n", crate::common::terminal::safe(other)));
            }
            return Vec::new();
        }
    }
    let told = documents.diagnostics(&uri).into_iter();
    told.map(|params| {
        Notification { method: "textDocument/publishDiagnostics".to_owned(), params }.into()
    })
    .collect()
}

fn answer_to(documents: &Documents, request: Request) -> Response {
    let id = request.id.clone();
    let invalid = |why: String| Response::new_err(id.clone(), ErrorCode::InvalidParams as i32, why);
    let answer = match request.method.as_str() {
        "textDocument/completion" => parse::<CompletionParams>(request.params)
            .map(|params| completion(documents, &params.text_document_position)),
        "textDocument/hover" => parse::<HoverParams>(request.params)
            .map(|params| hover(documents, &params.text_document_position_params)),
        "textDocument/definition" => parse::<GotoDefinitionParams>(request.params)
            .map(|params| definition(documents, &params.text_document_position_params)),
        other => {
            let why = format!("no such method: {other}");
            return Response::new_err(id, ErrorCode::MethodNotFound as i32, why);
        }
    };
    match answer {
        Ok(value) => Response::new_ok(id, value),
        Err(error) => invalid(error.to_string()),
    }
}

fn parse<P: serde::de::DeserializeOwned>(params: Value) -> serde_json::Result<P> {
    serde_json::from_value(params)
}

/// The text that a position is in, and the byte that it is.
fn place<'d>(
    documents: &'d Documents,
    at: &TextDocumentPositionParams,
) -> Option<(&'d str, usize)> {
    let text = documents.text(at.text_document.uri.as_str())?;
    Some((text, places::byte(text, at.position)))
}

fn completion(documents: &Documents, at: &TextDocumentPositionParams) -> Value {
    let Some((text, byte)) = place(documents, at) else { return json!([]) };
    let remediators: Vec<&str> = CATALOG.iter().map(|entry| entry.spec.id).collect();
    let item = |one: evenkeel_authoring::editor::Proposal| CompletionItem {
        label: one.text,
        detail: Some(one.detail),
        kind: Some(match one.kind {
            Kind::Field => CompletionItemKind::FIELD,
            Kind::Value => CompletionItemKind::VALUE,
            Kind::Function => CompletionItemKind::FUNCTION,
            Kind::Name => CompletionItemKind::VARIABLE,
        }),
        ..CompletionItem::default()
    };
    let items: Vec<CompletionItem> =
        Draft::new(text).proposals(byte, &remediators).into_iter().map(item).collect();
    json!(items)
}

fn hover(documents: &Documents, at: &TextDocumentPositionParams) -> Value {
    let Some((text, byte)) = place(documents, at) else { return Value::Null };
    let draft = Draft::new(text);
    let own = || {
        documents
            .function(at.text_document.uri.as_str(), draft.word(byte)?.0)
            .map(|function| function.told)
    };
    let Some(value) = own().or_else(|| draft.hover(byte)) else { return Value::Null };
    let range = draft.word(byte).map(|(_, span)| places::range(text, &span));
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    json!(Hover { contents, range })
}

fn definition(documents: &Documents, at: &TextDocumentPositionParams) -> Value {
    let uri = &at.text_document.uri;
    let Some((text, byte)) = place(documents, at) else { return Value::Null };
    let draft = Draft::new(text);
    if let Some(span) = draft.definition(byte) {
        return json!(Location { uri: uri.clone(), range: places::range(text, &span) });
    }
    let function = draft.word(byte).and_then(|(word, _)| documents.function(uri.as_str(), word));
    function.map_or(Value::Null, |function| json!({"uri": function.uri, "range": function.range}))
}
