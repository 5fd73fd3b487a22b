//! Tests `evenkeel lsp` and `evenkeel check --watch`: diagnostics, completion, hover and
//! definitions.

use crate::support::{Folder, command, evenkeel, evenkeel_with_input};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

const POLICY: &str = "// METADATA
// title: é t
// description: d
// severity: LOW
// match: {eventSource: apigateway.amazonaws.com, eventName: PutIntegration}
// resource: {type: 'AWS::ApiGateway::Method', id: request.restApiId}
// variables:
//   uri: request.?uri.orValue('')
// message: m
is_open(uri) && request.?url.hasValue()
";

const FUNCTIONS: &str =
    "functions:\n  is_open(uri): {expression: uri == '', description: whether nobody asks}\n";

/// A language client that runs `evenkeel lsp`.
struct Editor {
    child: Child,
    out: BufReader<ChildStdout>,
    next: u64,
}

impl Editor {
    /// Starts the server and completes the `initialize` handshake.
    fn start() -> Self {
        let mut editor = Self::connect();
        let answer = editor.ask("initialize", json!({"capabilities": {}, "processId": null}));
        assert_eq!(answer["result"]["serverInfo"]["name"], "evenkeel");
        editor.notify("initialized", json!({}));
        editor
    }

    fn connect() -> Self {
        let mut child = command()
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Editor { child, out, next: 0 }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and returns its answer.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next = self.next.wrapping_add(1);
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the server closed its output");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                _ if line.trim().is_empty() => break,
                _ => {}
            }
        }
        let mut bytes = vec![0; length];
        self.out.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Opens, changes or closes a document. Returns the diagnostics that the server publishes for
    /// the document.
    fn write(&mut self, method: &str, path: &Path, text: &str) -> Vec<Value> {
        let document = json!({"uri": uri(path), "languageId": "cel", "version": 1, "text": text});
        self.notify(method, json!({"textDocument": document, "contentChanges": [{"text": text}]}));
        loop {
            let message = self.read();
            if message["params"]["uri"] == uri(path) {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn at(&mut self, method: &str, path: &Path, text: &str, mark: &str) -> Value {
        let before = text.split_inclusive(mark).next().unwrap();
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
        let position = json!({"line": line, "character": character});
        self.ask(method, json!({"textDocument": {"uri": uri(path)}, "position": position}))["result"].clone()
    }

    fn labels(&mut self, path: &Path, text: &str, mark: &str) -> Vec<String> {
        let items = self.at("textDocument/completion", path, text, mark);
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["label"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display().to_string().replace(' ', "%20"))
}

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn diagnostics_appear_while_typing_and_disappear_after_a_fix() {
    let folder = Folder::new();
    folder.write("my policies/functions.yaml", FUNCTIONS);
    let path = folder.path().join("my policies/mine.cel");
    let mut editor = Editor::start();
    let wrong = editor.write("textDocument/didOpen", &path, POLICY);
    assert_eq!(codes(&wrong), ["unknown-field"], "a document that is not saved is not checked");
    assert_eq!(wrong[0]["range"]["start"], json!({"line": 9, "character": 16}));
    assert!(wrong[0]["message"].as_str().unwrap().contains("did you mean `uri`?"), "{wrong:?}");
    let broken = editor.write(
        "textDocument/didChange",
        &path,
        &POLICY.replace("is_open(uri)", "is_open(ur"),
    );
    assert_eq!(codes(&broken), ["expression"]);
    let right = editor.write("textDocument/didChange", &path, &POLICY.replace("?url", "?uri"));
    assert!(right.is_empty(), "{right:?}");
    let closed = editor.write("textDocument/didClose", &path, "");
    assert!(closed.is_empty());
}

#[test]
fn an_open_test_file_is_checked_against_its_policy() {
    let folder = Folder::new();
    folder.write("functions.yaml", FUNCTIONS);
    folder.write("mine.cel", POLICY.replace("?url", "?uri"));
    let cases = folder.path().join("mine.test.yaml");
    let mut editor = Editor::start();
    let text = "base:\n  a: {eventSource: apigateway.amazonaws.com, eventName: PutIntegration}\ncases:\n  - {name: x, event: b, expect: COMPLIANT}\n";
    let wrong = editor.write("textDocument/didOpen", &cases, text);
    assert_eq!(codes(&wrong), ["test"], "{wrong:?}");
    assert_eq!(wrong[0]["range"]["start"]["line"], 3);
}

#[test]
fn names_fields_and_values_have_completion_and_hover() {
    let folder = Folder::new();
    folder.write("functions.yaml", FUNCTIONS);
    let path = folder.path().join("mine.cel");
    let mut editor = Editor::start();
    editor.write("textDocument/didOpen", &path, POLICY);
    assert!(editor.labels(&path, POLICY, "&& request.?").contains(&"tlsConfig".to_owned()));
    assert!(editor.labels(&path, POLICY, "eventName: Put").contains(&"PutIntegration".to_owned()));
    assert!(editor.labels(&path, POLICY, "severity: ").contains(&"CRITICAL".to_owned()));
    let hover = editor.at("textDocument/hover", &path, POLICY, "uri: request.?uri");
    assert!(hover["contents"]["value"].as_str().unwrap().contains("string"), "{hover}");
    let hover = editor.at("textDocument/hover", &path, POLICY, "is_op");
    assert!(
        hover["contents"]["value"].as_str().unwrap().contains("whether nobody asks"),
        "{hover}"
    );
    assert_eq!(editor.at("textDocument/hover", &path, POLICY, "// title: é t"), Value::Null);
}

#[test]
fn go_to_definition_finds_functions_and_variables() {
    let folder = Folder::new();
    let functions = folder.write("functions.yaml", FUNCTIONS);
    let path = folder.path().join("mine.cel");
    let mut editor = Editor::start();
    editor.write("textDocument/didOpen", &path, POLICY);
    let function = editor.at("textDocument/definition", &path, POLICY, "is_op");
    assert_eq!(
        (&function["uri"], &function["range"]["start"]["line"]),
        (&uri(&functions).into(), &1.into())
    );
    let variable = editor.at("textDocument/definition", &path, POLICY, "is_open(ur");
    assert_eq!(
        (&variable["uri"], &variable["range"]["start"]["line"]),
        (&uri(&path).into(), &7.into())
    );
}

#[test]
fn invalid_messages_do_not_end_the_server() {
    let folder = Folder::new();
    let path = folder.path().join("mine.cel");
    let mut editor = Editor::start();
    let unknown = editor.ask("textDocument/rename", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let odd = editor.ask("textDocument/hover", json!({"textDocument": 1}));
    assert_eq!(odd["error"]["code"], -32602);
    editor.notify("textDocument/didOpen", json!([1, 2]));
    editor.notify(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": "untitled:1", "text": "x"}}),
    );
    for text in
        ["", "//", "// METADATA\r\n// {[", "\u{10000}\u{0}((((", "// METADATA\n// match: {{{\n"]
    {
        editor.write("textDocument/didChange", &path, text);
        for position in
            [json!({"line": 0, "character": 0}), json!({"line": 4_000_000, "character": 4_000_000})]
        {
            let place = json!({"textDocument": {"uri": uri(&path)}, "position": position});
            for method in
                ["textDocument/completion", "textDocument/hover", "textDocument/definition"]
            {
                assert!(editor.ask(method, place.clone()).get("error").is_none());
            }
        }
    }
    editor.send(&json!([]));
    assert_eq!(
        editor.read()["error"]["code"],
        -32700,
        "an invalid message must be answered with a parse error"
    );
    editor.ask("shutdown", Value::Null);
    editor.notify("exit", Value::Null);
    assert_eq!(editor.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broken_connection_ends_the_server_with_an_error() {
    for said in [
        "Content-Length: 18446744073709551615\r\n\r\n{}",
        "Content-Length: x\r\n\r\n",
        "\r\n\r\n",
        "Content-Length: 9\r\n\r\n{}",
    ] {
        let run = evenkeel_with_input(["lsp", "--stdio"], said.as_bytes());
        assert_eq!(run.code, 3, "{said:?}: {}", run.err);
        assert!(run.err.contains("the editor"), "{said:?}: {}", run.err);
    }
    let mut editor = Editor::start();
    editor.notify("exit", Value::Null);
    assert_eq!(
        editor.child.wait().unwrap().code(),
        Some(1),
        "`exit` without `shutdown` must give exit code 1"
    );
    let mut hasty = Editor::connect();
    assert_eq!(
        hasty.ask("shutdown", Value::Null)["error"]["code"],
        -32002,
        "a request before `initialize` must be refused"
    );
}

#[test]
fn a_watched_folder_is_checked_again_when_a_file_changes() {
    let folder = Folder::new();
    folder.write("functions.yaml", FUNCTIONS);
    let path = folder.write("mine.cel", POLICY);
    let mut child = command()
        .args(["check", "--watch", folder.path().to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 error")));
    std::fs::write(path, POLICY.replace("?url", "?uri")).unwrap();
    assert!(lines.any(|line| line.contains("no problems")));
    folder.write("functions.yaml", "functions: [");
    assert!(lines.any(|line| line.contains("error")), "a change of functions.yaml was not noticed");
    child.kill().unwrap();
    child.wait().unwrap();
    for arguments in [
        vec!["check", "--watch"],
        vec!["check", "--watch", "--format", "json", "."],
        vec!["check", "--watch", "no-such-folder"],
    ] {
        assert_ne!(evenkeel(&arguments).code, 0, "{arguments:?}");
    }
}
