//! The part of SQL that Splink's conditions are written in: expressions, and nothing else.

use smol_str::SmolStr;

/// How deeply an expression may nest: deeper ones are not read.
const DEPTH_MAX: usize = 64;
/// The longest expression, in bytes.
const LENGTH_MAX: usize = 64 << 10;

/// An expression. Brackets are gone, and words without quotes are in lower case.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sql {
    /// A name, dotted or not.
    Name(Vec<SmolStr>),
    Number(f64),
    Text(SmolStr),
    /// A function, `cast` and `case` included: of these, the expressions in their order.
    Call(SmolStr, Vec<Sql>),
    /// `or`, `and`, `=`, `<=`, `+`, ..
    Binary(&'static str, Box<Sql>, Box<Sql>),
    Not(Box<Sql>),
    /// Is null, or, if so said, is not null.
    Null {
        of: Box<Sql>,
        not: bool,
    },
}

impl Sql {
    /// Reads an expression; none where it is not one that Splink's own functions write. O(length).
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() > LENGTH_MAX {
            return None;
        }
        let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
        let read = reader.binary(0)?;
        (reader.at == reader.tokens.len()).then_some(read)
    }

    /// The parts of a conjunction, or the expression itself.
    pub(super) fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::Binary("and", left, right) => {
                let mut parts = left.conjuncts();
                parts.extend(right.conjuncts());
                parts
            }
            _ => vec![self],
        }
    }

    /// Visits the expression and everything in it, from the left.
    pub(super) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Name(_) | Self::Number(_) | Self::Text(_) => {}
            Self::Call(_, parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Binary(_, left, right) => {
                left.visit(see);
                right.visit(see);
            }
            Self::Not(of) | Self::Null { of, .. } => of.visit(see),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(SmolStr),
    Quoted(SmolStr),
    Number(f64),
    Text(SmolStr),
    Sign(&'static str),
}

/// The signs, longer ones before those that they begin with.
const SIGNS: [&str; 18] =
    ["::", "||", "<=", ">=", "<>", "!=", "(", ")", ",", ".", "=", "<", ">", "+", "-", "*", "/", "%"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' => quoted(rest, '\'').map(|(text, after)| (Token::Text(text), after))?,
            '"' | '`' => quoted(rest, first).map(|(text, after)| (Token::Quoted(text), after))?,
            '0'..='9' => {
                let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e')).unwrap_or(rest.len());
                let (number, after) = rest.split_at_checked(end)?;
                (Token::Number(number.parse().ok()?), after)
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                (Token::Word(word.to_lowercase().into()), after)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
                (Token::Sign(sign), rest.strip_prefix(sign)?)
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// The text within quotes, where a doubled quote stands for one, and what comes after.
fn quoted(text: &str, quote: char) -> Option<(SmolStr, &str)> {
    let mut inside = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((place, letter)) = letters.next() {
        if letter != quote {
            inside.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            inside.push(quote);
        } else {
            return Some((inside.into(), text.get(place + quote.len_utf8()..)?));
        }
    }
    None
}

/// What binds how tightly, loosest first.
const BINDING: [&[&str]; 5] =
    [&["or"], &["and"], &["=", "<=", ">=", "<>", "!=", "<", ">"], &["+", "-", "||"], &["*", "/", "%"]];
/// Where `not` and `is null` bind.
const COMPARING: usize = 2;

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn binary(&mut self, level: usize) -> Option<Sql> {
        let Some(operators) = BINDING.get(level) else { return self.postfix() };
        if level == COMPARING && self.word("not") {
            return Some(Sql::Not(Box::new(self.nested(|reader| reader.binary(COMPARING))?)));
        }
        let mut left = self.binary(level + 1)?;
        loop {
            if level == COMPARING && self.word("is") {
                let not = self.word("not");
                if !self.word("null") {
                    return None;
                }
                left = Sql::Null { of: Box::new(left), not };
            } else if let Some(operator) = operators.iter().find(|operator| self.operator(operator)) {
                left = Sql::Binary(operator, Box::new(left), Box::new(self.binary(level + 1)?));
            } else {
                return Some(left);
            }
        }
    }

    /// A value, and the types that it is cast to, which say nothing here.
    fn postfix(&mut self) -> Option<Sql> {
        let mut value = self.nested(Self::value)?;
        while self.sign("::") {
            let Some(Token::Word(_)) = self.next() else { return None };
            value = Sql::Call("cast".into(), vec![value]);
        }
        Some(value)
    }

    fn value(&mut self) -> Option<Sql> {
        match self.next()? {
            Token::Number(number) => Some(Sql::Number(number)),
            Token::Text(text) => Some(Sql::Text(text)),
            Token::Sign("-") => match self.postfix()? {
                Sql::Number(number) => Some(Sql::Number(-number)),
                _ => None,
            },
            Token::Sign("(") => {
                let inside = self.binary(0)?;
                self.sign(")").then_some(inside)
            }
            Token::Sign(_) => None,
            Token::Quoted(name) => self.name(name),
            Token::Word(word) if word == "case" => self.case(),
            Token::Word(word) if self.sign("(") => self.call(word),
            Token::Word(word) => self.name(word),
        }
    }

    fn name(&mut self, first: SmolStr) -> Option<Sql> {
        let mut path = vec![first];
        while self.sign(".") {
            match self.next()? {
                Token::Word(name) | Token::Quoted(name) => path.push(name),
                Token::Number(_) | Token::Text(_) | Token::Sign(_) => return None,
            }
        }
        Some(Sql::Name(path))
    }

    fn call(&mut self, function: SmolStr) -> Option<Sql> {
        let mut parts = Vec::new();
        if self.sign(")") {
            return Some(Sql::Call(function, parts));
        }
        loop {
            parts.push(self.binary(0)?);
            if self.word("as") {
                // `cast(x as double)`: which type says nothing here.
                let Some(Token::Word(_)) = self.next() else { return None };
            } else if self.word("from") {
                // `extract(epoch from x)` is `epoch(x)`.
                let of = self.binary(0)?;
                let Some(Sql::Name(unit)) = parts.pop() else { return None };
                return self.sign(")").then_some(Sql::Call(unit.into_iter().next()?, vec![of]));
            }
            if self.sign(")") {
                return Some(Sql::Call(function, parts));
            }
            if !self.sign(",") {
                return None;
            }
        }
    }

    fn case(&mut self) -> Option<Sql> {
        let mut parts = Vec::new();
        while self.word("when") {
            parts.push(self.binary(0)?);
            if !self.word("then") {
                return None;
            }
            parts.push(self.binary(0)?);
        }
        if self.word("else") {
            parts.push(self.binary(0)?);
        }
        self.word("end").then_some(Sql::Call("case".into(), parts))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Sql>) -> Option<Sql> {
        self.depth += 1;
        let read = if self.depth > DEPTH_MAX { None } else { read(self) };
        self.depth -= 1;
        read
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn operator(&mut self, operator: &'static str) -> bool {
        if operator.starts_with(char::is_alphabetic) { self.word(operator) } else { self.sign(operator) }
    }

    fn word(&mut self, expected: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word == expected);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, expected: &'static str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Sign(expected));
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Sql;
    use proptest::prelude::*;

    #[test]
    fn brackets_bind_and_deep_ones_are_not_read() {
        assert_eq!(Sql::read("a = b AND c = d OR e"), Sql::read("((a = b) AND (c = d)) OR (e)"));
        assert_ne!(Sql::read("a AND (b OR c)"), Sql::read("a AND b OR c"));
        assert_eq!(Sql::read("CAST(\"x\" AS float) <= 3"), Sql::read("x::float <= 3"));
        assert_eq!(Sql::read("extract(EPOCH FROM a)"), Sql::read("epoch(a)"));
        assert!(Sql::read("not a is not null").is_some());
        for wrong in ["", "a =", "(a", "a b", "'a", "list_transform(a, x -> x)", "a[1]"] {
            assert_eq!(Sql::read(wrong), None, "{wrong}");
        }
        assert!(Sql::read(&format!("{}a{}", "(".repeat(40), ")".repeat(40))).is_some());
        assert_eq!(Sql::read(&format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000))), None);
        assert_eq!(Sql::read(&format!("{}a", "not ".repeat(5_000))), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "([a-c'\"().,=<>:|-]|case |when |then |end|and | is | not |null|from |\\PC){0,40}") {
            let _ = Sql::read(&text);
        }
    }
}
