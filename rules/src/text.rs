//! Which characters of an event's text could deceive somebody who reads it.

/// Whether `c` is a control character, changes the direction of writing, or cannot be seen.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::is_deceptive;

    #[test]
    fn letters_of_any_script_are_honest() {
        assert!("Zoë 日本 عربى — 'quoted'".chars().all(|c| !is_deceptive(c)));
        assert!("\u{1b}\n\u{9b}\u{202e}\u{200b}\u{feff}\u{e0041}".chars().all(is_deceptive));
    }
}
