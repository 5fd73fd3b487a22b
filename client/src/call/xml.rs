//! Reads and writes XML. The reader keeps the whitespace at the beginning and at the end of a
//! value. A derived deserializer would remove this whitespace.

use std::collections::BTreeMap;
use std::fmt;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use super::error::CallError;

type Result<T> = std::result::Result<T, CallError>;

fn malformed_error(error: impl fmt::Display) -> CallError {
    CallError::Malformed(error.to_string())
}

/// An element of an XML document.
///
/// ```
/// use evenkeel_client::XmlElement;
///
/// let key = XmlElement::with_text("Key", "a");
/// let document = XmlElement::with_children("Keys", vec![key]);
/// assert_eq!(document.find_child("Key").map(XmlElement::text_content), Some("a"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct XmlElement {
    name: String,
    text: String,
    children: Vec<XmlElement>,
}

/// The debug output contains no text, because a response can contain secrets.
impl fmt::Debug for XmlElement {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = to.debug_struct("Element");
        shown.field("name", &self.name).field("children", &self.children).finish_non_exhaustive()
    }
}

impl XmlElement {
    /// Parses a complete document. A document with an element that is not closed is an error.
    pub(super) fn parse_document(text: &str) -> Result<XmlElement> {
        let mut reader = Reader::from_str(text);
        // The first element represents the document itself.
        let mut open = vec![XmlElement::default()];
        loop {
            match reader.read_event().map_err(malformed_error)? {
                Event::Start(start) => {
                    open.push(XmlElement::with_name(start.local_name().as_ref()));
                }
                Event::Empty(start) => {
                    innermost_element(&mut open)?
                        .children
                        .push(XmlElement::with_name(start.local_name().as_ref()));
                }
                Event::End(_) => {
                    let closed = open.pop().ok_or_else(incomplete_document)?;
                    innermost_element(&mut open)?.children.push(closed);
                }
                Event::Eof => break,
                other => innermost_element(&mut open)?.text.push_str(&event_text(&other)?),
            }
        }
        match open.as_mut_slice() {
            [document] => document.children.pop().ok_or_else(incomplete_document),
            _ => Err(incomplete_document()),
        }
    }

    fn with_name(name: &[u8]) -> XmlElement {
        XmlElement { name: String::from_utf8_lossy(name).into_owned(), ..XmlElement::default() }
    }

    /// Creates an element that contains a text.
    pub fn with_text(name: &str, text: &str) -> XmlElement {
        XmlElement { name: name.to_owned(), text: text.to_owned(), children: Vec::new() }
    }

    /// Creates an element that contains other elements.
    pub fn with_children(name: &str, children: Vec<XmlElement>) -> XmlElement {
        XmlElement { name: name.to_owned(), text: String::new(), children }
    }

    /// Writes a document with this element as its root. `namespace` is the default namespace of the
    /// document.
    pub(super) fn write_document(&self, namespace: &str) -> String {
        let XmlElement { name, .. } = self;
        format!("<{name} xmlns=\"{namespace}\">{}</{name}>", self.write_content())
    }

    fn write_content(&self) -> String {
        let child = |XmlElement { name, .. }: &XmlElement, content: String| {
            format!("<{name}>{content}</{name}>")
        };
        let children = self.children.iter().map(|element| child(element, element.write_content()));
        let text = escape(self.text.as_str()).into_owned();
        children.fold(text, |text, child| text + &child)
    }

    /// Returns the name of the element, without its namespace.
    pub fn element_name(&self) -> &str {
        &self.name
    }

    /// Returns the text of the element.
    pub fn text_content(&self) -> &str {
        &self.text
    }

    /// Returns the first child element with this name, or `None` if there is none.
    pub fn find_child(&self, name: &str) -> Option<&XmlElement> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the first child element with this name.
    ///
    /// # Errors
    /// [`CallError::Malformed`] if there is no such element.
    pub fn require_child(&self, name: &str) -> Result<&XmlElement> {
        let missing =
            || malformed_error(format!("element `{}` of the response has no `{name}`", self.name));
        self.find_child(name).ok_or_else(missing)
    }

    /// Returns all child elements.
    pub fn child_elements(&self) -> &[XmlElement] {
        &self.children
    }

    /// Returns a map with one entry for each child element. The elements `key` and `value` of the
    /// child contain the key and the value of the entry.
    ///
    /// # Errors
    /// [`CallError::Malformed`] if a child has no `key` or no `value`.
    pub fn read_entry_map(&self) -> Result<BTreeMap<String, String>> {
        let text = |entry: &XmlElement, name| {
            entry.require_child(name).map(|found| found.text_content().to_owned())
        };
        let read_entry = |entry: &XmlElement| Ok((text(entry, "key")?, text(entry, "value")?));
        self.children.iter().map(read_entry).collect()
    }

    /// Parses the text of the element.
    ///
    /// # Errors
    /// [`CallError::Malformed`] if the text is not a valid `T`.
    pub fn parse_text<T: std::str::FromStr>(&self) -> Result<T> {
        let unexpected = |_| {
            malformed_error(format!(
                "element `{}` has the unexpected value `{}`",
                self.name, self.text
            ))
        };
        self.text.parse().map_err(unexpected)
    }
}

/// Returns the text of an XML event that is not an element.
fn event_text(event: &Event<'_>) -> Result<String> {
    let text = match event {
        Event::Text(text) => text.xml10_content().map_err(malformed_error)?,
        Event::CData(text) => text.xml10_content().map_err(malformed_error)?,
        Event::GeneralRef(name) => {
            if let Some(character) = name.resolve_char_ref().map_err(malformed_error)? {
                return Ok(character.to_string());
            }
            let name = name.decode().map_err(malformed_error)?;
            resolve_predefined_entity(&name).ok_or_else(incomplete_document)?.into()
        }
        _ => "".into(),
    };
    Ok(text.into_owned())
}

fn innermost_element(open: &mut [XmlElement]) -> Result<&mut XmlElement> {
    open.last_mut().ok_or_else(incomplete_document)
}

fn incomplete_document() -> CallError {
    malformed_error("the response is not a complete XML document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_to_the_byte() {
        let text = concat!(
            "<?xml version=\"1.0\"?>\n<A xmlns=\"x\">\n <b> &lt;a &amp; &#98;&gt; </b><c/>\n ",
            "<c>2</c></A>"
        );
        let response = XmlElement::parse_document(text).unwrap();
        assert_eq!(response.require_child("b").unwrap().text_content(), " <a & b> ");
        assert_eq!(
            (response.require_child("c").unwrap().text_content(), response.child_elements().len()),
            ("", 3)
        );
        assert_eq!(response.child_elements()[2].parse_text::<u16>(), Ok(2));
        assert!(response.require_child("b").unwrap().parse_text::<bool>().is_err());
        assert!(response.require_child("d").is_err());
    }

    #[test]
    fn a_written_document_can_be_read_again() {
        let leaf = XmlElement::with_text("Key", "a <b> & \"c\" ");
        let document =
            XmlElement::with_children("A", vec![leaf, XmlElement::with_children("B", Vec::new())]);
        let text = document.write_document("http://example/");
        assert_eq!(
            text,
            "<A xmlns=\"http://example/\"><Key>a &lt;b&gt; &amp; &quot;c&quot; </Key><B></B></A>"
        );
        assert_eq!(XmlElement::parse_document(&text).unwrap(), document);
    }

    #[test]
    fn an_incomplete_document_is_an_error() {
        for text in ["", "{}", "<a>", "<a><b></a>", "<a><b></b>", "<a>&unknown;</a>", "</a>", "<a"]
        {
            assert!(XmlElement::parse_document(text).is_err(), "{text}");
        }
    }
}
