//! Numbers as people read them.

use std::fmt::Write;

/// Writes a number with commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            let _ = text.write_char(',');
        }
        text.push(digit);
    }
    text
}
