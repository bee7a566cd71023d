//! Values that are not names: text, addresses on the net, phones, postcodes, numbers.

use super::agreement::Agreement;

/// The fewest digits of a phone number that mean the same without what stands before them.
const LOCAL_MIN: usize = 7;
/// The shortest beginning of a postcode that means something by itself.
const AREA_MIN: usize = 3;

/// Compares folded texts: the same letters and digits agree.
pub(crate) fn text(a: &str, b: &str) -> Agreement {
    Agreement::agree_if(a == b || same_letters(a, b))
}

fn same_letters(a: &str, b: &str) -> bool {
    let mut letters = alphanumeric(a).peekable();
    letters.peek().is_some() && letters.eq(alphanumeric(b))
}

/// What of a text is compared.
pub(super) fn alphanumeric(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// Compares e-mail addresses: those that differ by dots and a plus tag before the `@` only are compatible.
pub(crate) fn email(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((user, domain)), Some((other, at))) if domain == at && plain_user(user).eq(plain_user(other)) => {
            Agreement::Compatible
        }
        _ => Agreement::Contradict,
    }
}

/// The user of an address without dots and plus tag.
pub(super) fn plain_user(user: &str) -> impl Iterator<Item = char> + '_ {
    user.split('+').next().unwrap_or(user).chars().filter(|&c| c != '.')
}

/// Says whether two e-mail addresses have the same user before the `@`.
pub(crate) fn email_user(a: &str, b: &str) -> bool {
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((user, _)), Some((other, _))) => user == other,
        _ => false,
    }
}

/// Compares phone numbers: one without country or area code is compatible with the same number in full, and one without
/// extension with the same at an extension.
pub(crate) fn phone(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    let ((number, desk), (other, at)) = (extension(a), extension(b));
    let same_desk = desk.is_none() || at.is_none() || desk == at;
    let tail = |long: &str, short: &str| {
        !short.starts_with('+') && short.len() >= LOCAL_MIN && long.trim_start_matches('+').ends_with(short)
    };
    let same = number == other || tail(number, other) || tail(other, number);
    if same && same_desk { Agreement::Compatible } else { Agreement::Contradict }
}

/// Parts a phone number from its extension.
pub(super) fn extension(phone: &str) -> (&str, Option<&str>) {
    phone.split_once(";ext=").map_or((phone, None), |(number, extension)| (number, Some(extension)))
}

/// The end of a phone number that two compatible ones share.
pub(super) fn local(phone: &str) -> &str {
    let number = extension(phone).0.trim_start_matches('+');
    number.len().checked_sub(LOCAL_MIN).and_then(|from| number.get(from..)).unwrap_or(number)
}

/// Compares postcodes: one that is the beginning of the other (an area, a ZIP code without its four) is compatible.
pub(crate) fn postcode(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let area = short.chars().count() >= AREA_MIN && long.starts_with(short);
    if area { Agreement::Compatible } else { Agreement::Contradict }
}

/// The beginning of a postcode that two compatible ones share.
pub(super) fn area(postcode: &str) -> &str {
    postcode.char_indices().nth(AREA_MIN).map_or(postcode, |(end, _)| postcode.get(..end).unwrap_or(postcode))
}

/// Compares canonical numbers, which are equal or not.
pub(crate) fn number_agreement(a: &str, b: &str) -> Agreement {
    Agreement::agree_if(a == b)
}
