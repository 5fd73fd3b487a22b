//! `evenkeel lsp`: a language server for policies over standard input and output.

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

/// Run the language server for editors
///
/// An editor starts this command, and uses the Language Server Protocol over standard input and
/// output. The server offers diagnostics, completion, hover texts and definitions for policies
/// (.cel), and diagnostics for test files (.test.yaml). docs/policies.md has configurations for
/// several editors.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel lsp                      the command to configure in your editor
  evenkeel check --watch policies/  diagnostics without a language server

Exit codes:
  0  the editor ended the session with `shutdown` and `exit`
  1  the editor ended the session without `shutdown`
  2  invalid usage
  3  the messages of the editor could not be read or answered")]
pub(crate) struct LspArguments {
    /// Accepted for editors that pass it; standard input and output are always used
    #[arg(long, hide = true)]
    stdio: bool,
}

/// The stage of a session with an editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionStage {
    /// The editor has not sent `initialize` yet.
    Uninitialized,
    /// The editor opens and changes documents.
    Initialized,
    /// The editor has sent `shutdown`.
    ShutDown,
}

pub(crate) fn run(_: &LspArguments) -> Result<ExitStatus, CommandError> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut stage, mut documents) = (SessionStage::Uninitialized, OpenDocuments::default());
    loop {
        let answers = match message_reader::read_message(&mut input)
            .map_err(CommandError::io_error("cannot communicate with the editor"))?
        {
            IncomingMessage::Closed => return Ok(ExitStatus::Findings),
            IncomingMessage::Malformed(why) => vec![parse_error_response(why)],
            IncomingMessage::Message(Message::Response(_)) => Vec::new(),
            IncomingMessage::Message(Message::Notification(notification))
                if notification.method == "exit" =>
            {
                return Ok(if stage == SessionStage::ShutDown {
                    ExitStatus::Success
                } else {
                    ExitStatus::Findings
                });
            }
            IncomingMessage::Message(Message::Notification(notification)) => {
                handle_notification(&mut documents, &notification)
            }
            IncomingMessage::Message(Message::Request(request)) => {
                vec![Message::Response(handle_request(&mut stage, &documents, request))]
            }
        };
        for answer in answers {
            answer
                .write(&mut output)
                .map_err(CommandError::io_error("cannot communicate with the editor"))?;
        }
    }
}

/// Returns the response to an invalid message, which has no id.
fn parse_error_response(why: String) -> Message {
    let id = lsp_server::RequestId::from(0);
    Message::Response(Response::new_err(id, ErrorCode::ParseError as i32, why))
}

/// Answers a request according to the stage of the session.
fn handle_request(
    stage: &mut SessionStage,
    documents: &OpenDocuments,
    request: Request,
) -> Response {
    match (request.method.as_str(), *stage) {
        ("initialize", SessionStage::Uninitialized) => {
            *stage = SessionStage::Initialized;
            let version = env!("CARGO_PKG_VERSION");
            let server = json!({"name": "evenkeel", "version": version});
            Response::new_ok(
                request.id,
                json!({"capabilities": server_capabilities(), "serverInfo": server}),
            )
        }
        ("shutdown", SessionStage::Initialized) => {
            *stage = SessionStage::ShutDown;
            Response::new_ok(request.id, Value::Null)
        }
        (_, SessionStage::Initialized) => answer_request(documents, request),
        (_, SessionStage::Uninitialized) => {
            let why = "the first request must be `initialize`".to_owned();
            Response::new_err(request.id, ErrorCode::ServerNotInitialized as i32, why)
        }
        (_, SessionStage::ShutDown) => {
            let why = "the server is shut down".to_owned();
            Response::new_err(request.id, ErrorCode::InvalidRequest as i32, why)
        }
    }
}

/// Returns the capabilities that the server announces.
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

/// Handles a notification, and returns the diagnostics to publish after a document was opened,
/// changed, saved or closed.
fn handle_notification(documents: &mut OpenDocuments, notification: &Notification) -> Vec<Message> {
    let text =
        |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let params = &notification.params;
    let Some(uri) = text(params, "/textDocument/uri") else { return Vec::new() };
    match notification.method.as_str() {
        "textDocument/didOpen" => {
            documents.set_text(&uri, text(params, "/textDocument/text").unwrap_or_default());
        }
        // A change contains the whole text. The last change is the current text.
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
                    "lsp: ignored unknown notification {}\n",
                    crate::common::terminal::escape_terminal(other)
                ));
            }
            return Vec::new();
        }
    }
    let publish = |params| -> Message {
        Notification { method: "textDocument/publishDiagnostics".to_owned(), params }.into()
    };
    documents.collect_diagnostics(&uri).into_iter().map(publish).collect()
}

/// Answers a request of an initialized session.
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
            let why = format!("unknown method: {other}");
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

/// Returns the text of the document at a position, and the byte offset of the position.
fn resolve_position<'d>(
    documents: &'d OpenDocuments,
    at: &TextDocumentPositionParams,
) -> Option<(&'d str, usize)> {
    let text = documents.document_text(at.text_document.uri.as_str())?;
    Some((text, positions::byte_at_position(text, at.position)))
}

/// Returns the completion proposals for a position.
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

/// Returns the hover text for a position, or null.
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

/// Returns the location of the definition of the name at a position, or null.
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
