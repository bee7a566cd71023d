//! Bits in base64 for web addresses (RFC 4648, section 5), six a letter, read from the front.

use crate::error::{Error, Result};

/// A longer part is no signal of anybody's.
const LETTERS_MAX: usize = 65_536;

/// A Fibonacci code of more bits is of a number that nothing counts.
const FIBONACCI_BITS_MAX: usize = 32;

pub(super) struct Bits<'a> {
    what: &'static str,
    // Invariant: letters of the alphabet only.
    letters: &'a [u8],
    place: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(what: &'static str, text: &'a str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::input(what, "is empty"));
        }
        if text.len() > LETTERS_MAX {
            return Err(Error::input(what, format!("is of more than {LETTERS_MAX} letters")));
        }
        if let Some(place) = text.bytes().position(|letter| six(letter).is_none()) {
            return Err(Error::input(what, format!("letter {} is none of base64 for web addresses", place + 1)));
        }
        Ok(Self { what, letters: text.as_bytes(), place: 0 })
    }

    pub(super) fn bit(&mut self, field: &str) -> Result<bool> {
        let Some(letter) = self.letters.get(self.place / 6).and_then(|letter| six(*letter)) else {
            return Err(self.wrong(field, "is missing: the string ends before it"));
        };
        let bit = (letter >> (5 - self.place % 6)) & 1;
        self.place += 1;
        Ok(bit == 1)
    }

    /// A number of up to 64 bits, the highest first.
    pub(super) fn number(&mut self, field: &str, bits: u32) -> Result<u64> {
        (0..bits).try_fold(0, |number, _| Ok((number << 1) | u64::from(self.bit(field)?)))
    }

    pub(super) fn small(&mut self, field: &str, bits: u32) -> Result<u8> {
        u8::try_from(self.number(field, bits)?).map_err(|_| self.wrong(field, "is too large"))
    }

    pub(super) fn medium(&mut self, field: &str, bits: u32) -> Result<u16> {
        u16::try_from(self.number(field, bits)?).map_err(|_| self.wrong(field, "is too large"))
    }

    /// A sum of Fibonacci numbers (1, 2, 3, 5, ..), the lowest first, that a second one bit in a row ends.
    pub(super) fn fibonacci(&mut self, field: &str) -> Result<u64> {
        let (mut sum, mut last, mut this, mut next) = (0, false, 1, 2);
        for _ in 0..FIBONACCI_BITS_MAX {
            let bit = self.bit(field)?;
            if bit && last {
                return Ok(sum);
            }
            sum += if bit { this } else { 0 };
            (last, this, next) = (bit, next, this + next);
        }
        Err(self.wrong(field, "is too large"))
    }

    pub(super) fn wrong(&self, field: &str, reason: impl Into<String>) -> Error {
        Error::input(format!("{} field `{field}`", self.what), reason)
    }
}

/// The six bits of a letter.
fn six(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}
