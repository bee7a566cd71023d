//! Which order an event belongs to.

use super::{VALUE_MAX_BYTES, is_junk, normalise_identifier, text};
use crate::event::Event;
use crate::policy::Rules;
use crate::record::Identifier;
use smol_str::SmolStr;

/// The id of the order that an event belongs to, as the policy reads it: the order that it names, else the value of the
/// kind of identifier that the policy's `[event]` declares for orders, the smallest of several. A name has the form of
/// that kind, if there is one and it can have it; else it is trimmed. Placeholders name no order. O(length of the ids).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Policy, Rules, order_id};
/// let rules = Rules::new(Policy::retail())?;
/// let event = |key| Ok::<_, onefold::Error>(Event::new("web", key, "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase));
/// let named = order_id(&rules, &event("1")?.order(" o-77 "));
/// let carried = order_id(&rules, &event("2")?.identifier("order_id", "O 77"));
/// assert_eq!((named.as_deref(), carried.as_deref()), (Some("O77"), Some("O77")));
/// assert_eq!(order_id(&rules, &event("3")?.order("n/a")), None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn order_id(rules: &Rules, event: &Event) -> Option<SmolStr> {
    match order_name(event) {
        Some(name) => Some(order_form(rules, &name)),
        None => {
            let kind = rules.policy.event.order.as_ref()?;
            let carried = event.identifiers.iter().filter(|sent| sent.kind == *kind);
            carried.filter_map(|sent| normalise_identifier(rules, sent).ok()).map(|(_, value)| value).min()
        }
    }
}

/// A name of an order in the form in which two are compared.
pub(crate) fn order_form(rules: &Rules, name: &str) -> SmolStr {
    let read = |kind: &SmolStr| normalise_identifier(rules, &Identifier::new(kind.clone(), name)).ok();
    rules.policy.event.order.as_ref().and_then(read).map_or_else(|| text::trim(name).into(), |(_, value)| value)
}

/// The order that an event names, whatever the policy.
pub(crate) fn order_name(event: &Event) -> Option<SmolStr> {
    let sent = event.order.as_ref()?;
    let name = text::trim(sent);
    let says_nothing = name.is_empty() || name.len() > VALUE_MAX_BYTES || is_junk(name);
    (!says_nothing).then(|| if name.len() == sent.len() { sent.clone() } else { name.into() })
}

/// What all spellings have in common that a form of order ids takes for one (see `Policy::check`). Other ids may have
/// it too.
pub(crate) fn order_key(name: &str) -> SmolStr {
    let name = text::trim(name);
    text::upper_alnum(&text::lower(name)).map_or_else(|_| name.into(), SmolStr::from)
}
