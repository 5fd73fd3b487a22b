//! Breaks long lines: first before `?`, `||` and `&&`, then at the commas of the widest brackets.

use super::layout::{compute_indents, needs_space};
use super::token_roles::{AND_LEVEL, CHOICE_LEVEL, OR_LEVEL, SUM_LEVEL, TokenPiece, TokenRole};
use std::ops::Range;

/// The maximum length of a line, in characters.
const MAX_LINE_WIDTH: usize = 100;

/// Adds line breaks until every line that can be broken is within the maximum length.
pub(super) fn wrap_lines(pieces: &mut [TokenPiece<'_>]) {
    // Each round adds at least one new break, so the number of rounds is limited.
    for _ in 0..pieces.len() {
        let indents = compute_indents(pieces);
        let long = line_ranges(&indents).into_iter().filter(|line| is_long(pieces, &indents, line));
        let broken = long.into_iter().find_map(|line| choose_breaks(pieces, line));
        let Some(broken) = broken else { return };
        for index in broken {
            if let Some(piece) = pieces.get_mut(index) {
                piece.breaks = piece.breaks.max(1);
            }
        }
    }
}

/// Returns the range of pieces of each line.
fn line_ranges(indents: &[Option<usize>]) -> Vec<Range<usize>> {
    let starts = indents.iter().enumerate().filter(|(_, indent)| indent.is_some());
    let starts: Vec<usize> = starts.map(|(index, _)| index).collect();
    let ends = starts.iter().skip(1).copied().chain([indents.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Returns whether a line exceeds the maximum length. Comments do not count. For a line with a
/// string of several lines the result is false, because the string must not change.
fn is_long(pieces: &[TokenPiece<'_>], indents: &[Option<usize>], line: &Range<usize>) -> bool {
    let indent = indents.get(line.start).copied().flatten().unwrap_or_default();
    let Some(shown) = pieces.get(line.clone()) else { return false };
    let code = shown.iter().filter(|piece| piece.role != TokenRole::Comment);
    !code.clone().any(|piece| piece.text.contains('\n'))
        && indent.saturating_add(measure_width(pieces, line)) > MAX_LINE_WIDTH
}

fn measure_width(pieces: &[TokenPiece<'_>], range: &Range<usize>) -> usize {
    let mut width = 0_usize;
    for index in range.clone() {
        let Some(piece) = pieces.get(index).filter(|piece| piece.role != TokenRole::Comment) else {
            continue;
        };
        let before = index.checked_sub(1).filter(|before| *before >= range.start);
        let space =
            before.and_then(|before| pieces.get(before)).is_some_and(|b| needs_space(b, piece));
        width = width.saturating_add(piece.text.chars().count()).saturating_add(space.into());
    }
    width
}

/// Returns the pieces of a long line that must begin a new line.
fn choose_breaks(pieces: &[TokenPiece<'_>], line: Range<usize>) -> Option<Vec<usize>> {
    let (mut inside, mut call) = (line.clone(), None);
    loop {
        let level = outermost_pieces(pieces, &inside);
        // If there are commas, a sum is only a part of an element, so the line does not break at
        // `+`.
        let commas = level.iter().any(|index| is_role(pieces, *index, TokenRole::Comma));
        let ordered = if commas {
            &[CHOICE_LEVEL, OR_LEVEL, AND_LEVEL][..]
        } else {
            &[CHOICE_LEVEL, OR_LEVEL, AND_LEVEL, SUM_LEVEL]
        };
        let found = ordered.iter().find_map(|wanted| {
            let is = |index: &usize| pieces.get(*index).is_some_and(|one| is_level(one, *wanted));
            // A line breaks before an operator, but its first piece already begins the line.
            let all: Vec<usize> =
                level.iter().copied().filter(|index| *index > line.start).filter(is).collect();
            (!all.is_empty()).then_some(all)
        });
        if found.is_some() {
            return found;
        }
        let widest = find_bracket_groups(pieces, &inside)
            .into_iter()
            .max_by_key(|group| measure_width(pieces, group));
        let last = widest.clone().filter(|group| is_last_literal(pieces, &inside, group));
        if let (Some(open), None) = (call, last) {
            let broken = choose_comma_breaks(pieces, open, &inside, &level);
            if broken.is_some() {
                return broken;
            }
        }
        let group = widest?;
        call = Some(group.start);
        inside = group.start.saturating_add(1)..group.end.saturating_sub(1);
    }
}

fn is_role(pieces: &[TokenPiece<'_>], index: usize, role: TokenRole) -> bool {
    pieces.get(index).is_some_and(|piece| piece.role == role)
}

fn is_level(piece: &TokenPiece<'_>, wanted: u8) -> bool {
    match piece.role {
        TokenRole::Choice => wanted == CHOICE_LEVEL,
        TokenRole::Binary(level) => level == wanted,
        _ => false,
    }
}

/// Returns the pieces of a range that are outside all brackets of the range. If the range closes a
/// bracket that was opened before it, the pieces outside that bracket are the outermost.
fn outermost_pieces(pieces: &[TokenPiece<'_>], range: &Range<usize>) -> Vec<usize> {
    let (mut depth, mut least) = (0_usize, Vec::new());
    for index in range.clone() {
        let role = pieces.get(index).map(|piece| piece.role);
        match role {
            Some(TokenRole::Close) if depth == 0 => least.clear(),
            Some(TokenRole::Close) => depth = depth.saturating_sub(1),
            _ if depth == 0 => least.push(index),
            _ => {}
        }
        if matches!(role, Some(TokenRole::Open | TokenRole::Call)) {
            depth = depth.saturating_add(1);
        }
    }
    least
}

/// Returns the outermost brackets of a range, each from the opening bracket to the closing bracket.
fn find_bracket_groups(pieces: &[TokenPiece<'_>], range: &Range<usize>) -> Vec<Range<usize>> {
    let (mut open, mut groups) = (Vec::new(), Vec::new());
    for index in range.clone() {
        match pieces.get(index).map(|piece| piece.role) {
            Some(TokenRole::Open | TokenRole::Call) => open.push(index),
            Some(TokenRole::Close) => {
                if let Some(start) = open.pop()
                    && open.is_empty()
                {
                    groups.push(start..index.saturating_add(1));
                }
            }
            _ => {}
        }
    }
    groups
}

/// Returns whether a group is a list or a map at the end of the enclosing brackets. The line then
/// breaks at the elements of the group, not at the arguments of the call.
fn is_last_literal(pieces: &[TokenPiece<'_>], inside: &Range<usize>, group: &Range<usize>) -> bool {
    let open = pieces.get(group.start);
    group.end == inside.end
        && open.is_some_and(|piece| piece.role == TokenRole::Open && piece.text != "(")
}

/// Returns the breaks that place each element of a group on a separate line. Leading words of a
/// call stay next to the bracket, because they are the variables of a macro.
fn choose_comma_breaks(
    pieces: &[TokenPiece<'_>],
    open: usize,
    inside: &Range<usize>,
    level: &[usize],
) -> Option<Vec<usize>> {
    let starts = level.iter().filter(|index| is_role(pieces, **index, TokenRole::Comma));
    let mut starts: Vec<usize> = starts.map(|comma| comma.saturating_add(1)).collect();
    starts.retain(|start| *start < inside.end);
    let is_word = |start: usize| {
        is_role(pieces, start, TokenRole::Operand)
            && is_role(pieces, start.saturating_add(1), TokenRole::Comma)
    };
    if is_role(pieces, open, TokenRole::Call) && is_word(inside.start) {
        let words = starts.iter().take_while(|start| is_word(**start)).count();
        starts.drain(..words);
        return (!starts.is_empty()).then_some(starts);
    }
    if starts.is_empty() {
        return None;
    }
    starts.insert(0, inside.start);
    starts.push(inside.end);
    Some(starts)
}
