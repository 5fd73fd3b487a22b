//! An answer in XML, to the byte: a value keeps the spaces around it, which a derived reader would cut off.

use std::collections::BTreeMap;
use std::fmt;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use super::error::CallError;

type Result<T> = std::result::Result<T, CallError>;

fn malformed(error: impl fmt::Display) -> CallError {
    CallError::Malformed(error.to_string())
}

/// An element of an answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

/// The text of an answer may be secret.
impl fmt::Debug for Element {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = to.debug_struct("Element");
        shown.field("name", &self.name).field("children", &self.children).finish_non_exhaustive()
    }
}

impl Element {
    /// Reads a whole document; one that ends early is none.
    pub(super) fn read(text: &str) -> Result<Element> {
        let mut reader = Reader::from_str(text);
        // The first stands for the document itself.
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().map_err(malformed)? {
                Event::Start(start) => open.push(Element::named(start.local_name().as_ref())),
                Event::Empty(start) => {
                    top(&mut open)?.children.push(Element::named(start.local_name().as_ref()));
                }
                Event::End(_) => {
                    let closed = open.pop().ok_or_else(broken)?;
                    top(&mut open)?.children.push(closed);
                }
                Event::Eof => break,
                other => top(&mut open)?.text.push_str(&said(&other)?),
            }
        }
        match open.as_mut_slice() {
            [document] => document.children.pop().ok_or_else(broken),
            _ => Err(broken()),
        }
    }

    fn named(name: &[u8]) -> Element {
        Element { name: String::from_utf8_lossy(name).into_owned(), ..Element::default() }
    }

    /// An element that holds a text.
    pub fn leaf(name: &str, text: &str) -> Element {
        Element { name: name.to_owned(), text: text.to_owned(), children: Vec::new() }
    }

    /// An element that holds others.
    pub fn branch(name: &str, children: Vec<Element>) -> Element {
        Element { name: name.to_owned(), text: String::new(), children }
    }

    /// The document, with its namespace.
    pub(super) fn write(&self, namespace: &str) -> String {
        let Element { name, .. } = self;
        format!("<{name} xmlns=\"{namespace}\">{}</{name}>", self.write_content())
    }

    fn write_content(&self) -> String {
        let child =
            |Element { name, .. }: &Element, content: String| format!("<{name}>{content}</{name}>");
        let children = self.children.iter().map(|one| child(one, one.write_content()));
        let text = escape(self.text.as_str()).into_owned();
        children.fold(text, |text, child| text + &child)
    }

    /// The text within.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An element within, if there is one of that name.
    pub fn find(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// An element within, which must be there.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when there is none.
    pub fn get(&self, name: &str) -> Result<&Element> {
        let lacking = || malformed(format!("the answer `{}` lacks `{name}`", self.name));
        self.find(name).ok_or_else(lacking)
    }

    /// All elements within.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// The elements within, each of which has a key and a value, as a map.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when one has none.
    pub fn entries(&self) -> Result<BTreeMap<String, String>> {
        let text = |entry: &Element, name| entry.get(name).map(|found| found.text().to_owned());
        self.children.iter().map(|one| Ok((text(one, "key")?, text(one, "value")?))).collect()
    }

    /// What the text within says.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when it is none of `T`.
    pub fn parse<T: std::str::FromStr>(&self) -> Result<T> {
        let bad = |_| malformed(format!("`{}` is `{}`", self.name, self.text));
        self.text.parse().map_err(bad)
    }
}

/// The text of an event that is no element.
fn said(event: &Event<'_>) -> Result<String> {
    let text = match event {
        Event::Text(text) => text.xml10_content().map_err(malformed)?,
        Event::CData(text) => text.xml10_content().map_err(malformed)?,
        Event::GeneralRef(name) => {
            if let Some(character) = name.resolve_char_ref().map_err(malformed)? {
                return Ok(character.to_string());
            }
            let name = name.decode().map_err(malformed)?;
            resolve_predefined_entity(&name).ok_or_else(broken)?.into()
        }
        _ => "".into(),
    };
    Ok(text.into_owned())
}

fn top(open: &mut [Element]) -> Result<&mut Element> {
    open.last_mut().ok_or_else(broken)
}

fn broken() -> CallError {
    malformed("the answer is no whole XML document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_to_the_byte() {
        let text = "<?xml version=\"1.0\"?>\n<A xmlns=\"x\">\n <b> &lt;a &amp; &#98;&gt; </b><c/>\n <c>2</c></A>";
        let answer = Element::read(text).unwrap();
        assert_eq!(answer.get("b").unwrap().text(), " <a & b> ");
        assert_eq!((answer.get("c").unwrap().text(), answer.children().len()), ("", 3));
        assert_eq!(answer.children()[2].parse::<u16>(), Ok(2));
        assert!(answer.get("b").unwrap().parse::<bool>().is_err());
        assert!(answer.get("d").is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let leaf = Element::leaf("Key", "a <b> & \"c\" ");
        let document = Element::branch("A", vec![leaf, Element::branch("B", Vec::new())]);
        let text = document.write("http://example/");
        assert_eq!(
            text,
            "<A xmlns=\"http://example/\"><Key>a &lt;b&gt; &amp; &quot;c&quot; </Key><B></B></A>"
        );
        assert_eq!(Element::read(&text).unwrap(), document);
    }

    #[test]
    fn what_is_not_whole_is_no_answer() {
        for text in ["", "{}", "<a>", "<a><b></a>", "<a><b></b>", "<a>&unknown;</a>", "</a>", "<a"]
        {
            assert!(Element::read(text).is_err(), "{text}");
        }
    }
}
