//! `evenkeel lsp`: a language server for policies, over standard input and output.

mod documents;
mod message_reader;
mod positions;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::print_stderr;
use clap::Args;
use documents::OpenDocuments;
use evenkeel_authoring::editor::{PolicyDraft, ProposalKind};
use evenkeel_remediators::catalog::CATALOG;
use lsp_server::{ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, CompletionParams, GotoDefinitionParams,
    Hover, HoverContents, HoverParams, HoverProviderCapability, Location, MarkupContent,
    MarkupKind, OneOf, ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind,
};
use message_reader::IncomingMessage;
use serde_json::{Value, json};

/// Serve an editor: diagnostics while typing, completion, hover, definitions
#[derive(Debug, Args)]
#[command(after_help = "\
An editor starts this and speaks the Language Server Protocol with it over standard input and output; README.md has
snippets for some. Documents are policies (.cel) and their cases (.test.yaml).

Editors without a plug-in have the same from: evenkeel check --watch policies/")]
pub(crate) struct LspArguments {
    /// Taken for editors that say so: there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionStage {
    /// Nothing was said yet.
    Uninitialized,
    /// Documents are opened and changed.
    Initialized,
    /// The editor says good-bye.
    ShutDown,
}

pub(crate) fn run(_: &LspArguments) -> Result<ExitStatus, CommandError> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut stage, mut documents) = (SessionStage::Uninitialized, OpenDocuments::default());
    loop {
        let answers = match message_reader::read_message(&mut input)
            .map_err(CommandError::io_error("the editor"))?
        {
            IncomingMessage::Closed => return Ok(ExitStatus::Findings),
            IncomingMessage::Malformed(why) => vec![parse_error_response(why)],
            IncomingMessage::Message(Message::Response(_)) => Vec::new(),
            IncomingMessage::Message(Message::Notification(told)) if told.method == "exit" => {
                return Ok(if stage == SessionStage::ShutDown {
                    ExitStatus::Success
                } else {
                    ExitStatus::Findings
                });
            }
            IncomingMessage::Message(Message::Notification(told)) => {
                handle_notification(&mut documents, &told)
            }
            IncomingMessage::Message(Message::Request(asked)) => {
                vec![Message::Response(handle_request(&mut stage, &documents, asked))]
            }
        };
        for answer in answers {
            answer.write(&mut output).map_err(CommandError::io_error("the editor"))?;
        }
    }
}

/// The answer to what is no message: it has no id.
fn parse_error_response(why: String) -> Message {
    let id = lsp_server::RequestId::from(0);
    Message::Response(Response::new_err(id, ErrorCode::ParseError as i32, why))
}

/// Answers a request, where the conversation is so far.
fn handle_request(stage: &mut SessionStage, documents: &OpenDocuments, asked: Request) -> Response {
    match (asked.method.as_str(), *stage) {
        ("initialize", SessionStage::Uninitialized) => {
            *stage = SessionStage::Initialized;
            let version = env!("CARGO_PKG_VERSION");
            let server = json!({"name": "evenkeel", "version": version});
            Response::new_ok(
                asked.id,
                json!({"capabilities": server_capabilities(), "serverInfo": server}),
            )
        }
        ("shutdown", SessionStage::Initialized) => {
            *stage = SessionStage::ShutDown;
            Response::new_ok(asked.id, Value::Null)
        }
        (_, SessionStage::Initialized) => answer_request(documents, asked),
        (_, SessionStage::Uninitialized) => {
            let why = "say `initialize` first".to_owned();
            Response::new_err(asked.id, ErrorCode::ServerNotInitialized as i32, why)
        }
        (_, SessionStage::ShutDown) => {
            let why = "`shutdown` was said already".to_owned();
            Response::new_err(asked.id, ErrorCode::InvalidRequest as i32, why)
        }
    }
}

fn server_capabilities() -> ServerCapabilities {
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
fn handle_notification(documents: &mut OpenDocuments, notification: &Notification) -> Vec<Message> {
    let text =
        |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let params = &notification.params;
    let Some(uri) = text(params, "/textDocument/uri") else { return Vec::new() };
    match notification.method.as_str() {
        "textDocument/didOpen" => {
            documents.set_text(&uri, text(params, "/textDocument/text").unwrap_or_default());
        }
        // Changes are whole texts, of which the last holds.
        "textDocument/didChange" => {
            let last = params
                .pointer("/contentChanges")
                .and_then(Value::as_array)
                .and_then(|all| all.last());
            documents.set_text(&uri, last.and_then(|last| text(last, "/text")).unwrap_or_default());
        }
        "textDocument/didSave" => {}
        "textDocument/didClose" => documents.close_document(&uri),
        other => {
            if !other.starts_with("$/") {
                print_stderr(&format!(
                    "lsp: {} is not for us\n",
                    crate::common::terminal::escape_terminal(other)
                ));
            }
            return Vec::new();
        }
    }
    let told = documents.collect_diagnostics(&uri).into_iter();
    told.map(|params| {
        Notification { method: "textDocument/publishDiagnostics".to_owned(), params }.into()
    })
    .collect()
}

fn answer_request(documents: &OpenDocuments, request: Request) -> Response {
    let id = request.id.clone();
    let invalid = |why: String| Response::new_err(id.clone(), ErrorCode::InvalidParams as i32, why);
    let answer = match request.method.as_str() {
        "textDocument/completion" => parse_params::<CompletionParams>(request.params)
            .map(|params| answer_completion(documents, &params.text_document_position)),
        "textDocument/hover" => parse_params::<HoverParams>(request.params)
            .map(|params| answer_hover(documents, &params.text_document_position_params)),
        "textDocument/definition" => parse_params::<GotoDefinitionParams>(request.params)
            .map(|params| answer_definition(documents, &params.text_document_position_params)),
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

fn parse_params<P: serde::de::DeserializeOwned>(params: Value) -> serde_json::Result<P> {
    serde_json::from_value(params)
}

/// The text that a position is in, and the byte that it is.
fn resolve_position<'d>(
    documents: &'d OpenDocuments,
    at: &TextDocumentPositionParams,
) -> Option<(&'d str, usize)> {
    let text = documents.document_text(at.text_document.uri.as_str())?;
    Some((text, positions::byte_at_position(text, at.position)))
}

fn answer_completion(documents: &OpenDocuments, at: &TextDocumentPositionParams) -> Value {
    let Some((text, byte)) = resolve_position(documents, at) else { return json!([]) };
    let remediators: Vec<&str> = CATALOG.iter().map(|entry| entry.spec.id).collect();
    let item = |one: evenkeel_authoring::editor::CompletionProposal| CompletionItem {
        label: one.text,
        detail: Some(one.detail),
        kind: Some(match one.kind {
            ProposalKind::Field => CompletionItemKind::FIELD,
            ProposalKind::Value => CompletionItemKind::VALUE,
            ProposalKind::Function => CompletionItemKind::FUNCTION,
            ProposalKind::Name => CompletionItemKind::VARIABLE,
        }),
        ..CompletionItem::default()
    };
    let items: Vec<CompletionItem> = PolicyDraft::new(text)
        .propose_completions(byte, &remediators)
        .into_iter()
        .map(item)
        .collect();
    json!(items)
}

fn answer_hover(documents: &OpenDocuments, at: &TextDocumentPositionParams) -> Value {
    let Some((text, byte)) = resolve_position(documents, at) else { return Value::Null };
    let draft = PolicyDraft::new(text);
    let own = || {
        documents
            .find_function(at.text_document.uri.as_str(), draft.find_word(byte)?.0)
            .map(|function| function.description)
    };
    let Some(value) = own().or_else(|| draft.hover_text(byte)) else { return Value::Null };
    let range = draft.find_word(byte).map(|(_, span)| positions::range_from_span(text, &span));
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    json!(Hover { contents, range })
}

fn answer_definition(documents: &OpenDocuments, at: &TextDocumentPositionParams) -> Value {
    let uri = &at.text_document.uri;
    let Some((text, byte)) = resolve_position(documents, at) else { return Value::Null };
    let draft = PolicyDraft::new(text);
    if let Some(span) = draft.find_definition(byte) {
        return json!(Location {
            uri: uri.clone(),
            range: positions::range_from_span(text, &span)
        });
    }
    let function =
        draft.find_word(byte).and_then(|(word, _)| documents.find_function(uri.as_str(), word));
    function.map_or(Value::Null, |function| json!({"uri": function.uri, "range": function.range}))
}
