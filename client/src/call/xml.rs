//! An answer in XML, to the byte: a value keeps the spaces around it, which a derived reader would cut off.

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

/// An element of an answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct XmlElement {
    name: String,
    text: String,
    children: Vec<XmlElement>,
}

/// The text of an answer may be secret.
impl fmt::Debug for XmlElement {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = to.debug_struct("Element");
        shown.field("name", &self.name).field("children", &self.children).finish_non_exhaustive()
    }
}

impl XmlElement {
    /// Reads a whole document; one that ends early is none.
    pub(super) fn parse_document(text: &str) -> Result<XmlElement> {
        let mut reader = Reader::from_str(text);
        // The first stands for the document itself.
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

    /// An element that holds a text.
    pub fn with_text(name: &str, text: &str) -> XmlElement {
        XmlElement { name: name.to_owned(), text: text.to_owned(), children: Vec::new() }
    }

    /// An element that holds others.
    pub fn with_children(name: &str, children: Vec<XmlElement>) -> XmlElement {
        XmlElement { name: name.to_owned(), text: String::new(), children }
    }

    /// The document, with its namespace.
    pub(super) fn write_document(&self, namespace: &str) -> String {
        let XmlElement { name, .. } = self;
        format!("<{name} xmlns=\"{namespace}\">{}</{name}>", self.write_content())
    }

    fn write_content(&self) -> String {
        let child = |XmlElement { name, .. }: &XmlElement, content: String| {
            format!("<{name}>{content}</{name}>")
        };
        let children = self.children.iter().map(|one| child(one, one.write_content()));
        let text = escape(self.text.as_str()).into_owned();
        children.fold(text, |text, child| text + &child)
    }

    /// The text within.
    pub fn text_content(&self) -> &str {
        &self.text
    }

    /// An element within, if there is one of that name.
    pub fn find_child(&self, name: &str) -> Option<&XmlElement> {
        self.children.iter().find(|child| child.name == name)
    }

    /// An element within, which must be there.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when there is none.
    pub fn require_child(&self, name: &str) -> Result<&XmlElement> {
        let lacking = || malformed_error(format!("the answer `{}` lacks `{name}`", self.name));
        self.find_child(name).ok_or_else(lacking)
    }

    /// All elements within.
    pub fn child_elements(&self) -> &[XmlElement] {
        &self.children
    }

    /// The elements within, each of which has a key and a value, as a map.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when one has none.
    pub fn read_entry_map(&self) -> Result<BTreeMap<String, String>> {
        let text = |entry: &XmlElement, name| {
            entry.require_child(name).map(|found| found.text_content().to_owned())
        };
        self.children.iter().map(|one| Ok((text(one, "key")?, text(one, "value")?))).collect()
    }

    /// What the text within says.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when it is none of `T`.
    pub fn parse_text<T: std::str::FromStr>(&self) -> Result<T> {
        let bad = |_| malformed_error(format!("`{}` is `{}`", self.name, self.text));
        self.text.parse().map_err(bad)
    }
}

/// The text of an event that is no element.
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
    malformed_error("the answer is no whole XML document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_to_the_byte() {
        let text = "<?xml version=\"1.0\"?>\n<A xmlns=\"x\">\n <b> &lt;a &amp; &#98;&gt; </b><c/>\n <c>2</c></A>";
        let answer = XmlElement::parse_document(text).unwrap();
        assert_eq!(answer.require_child("b").unwrap().text_content(), " <a & b> ");
        assert_eq!(
            (answer.require_child("c").unwrap().text_content(), answer.child_elements().len()),
            ("", 3)
        );
        assert_eq!(answer.child_elements()[2].parse_text::<u16>(), Ok(2));
        assert!(answer.require_child("b").unwrap().parse_text::<bool>().is_err());
        assert!(answer.require_child("d").is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
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
    fn what_is_not_whole_is_no_answer() {
        for text in ["", "{}", "<a>", "<a><b></a>", "<a><b></b>", "<a>&unknown;</a>", "</a>", "<a"]
        {
            assert!(XmlElement::parse_document(text).is_err(), "{text}");
        }
    }
}
