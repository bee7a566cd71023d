//! What a customer will still buy, and what that is worth: models of purchase and of leaving over the merged purchase days,
//! learned by maximum likelihood, with a word where the data do not say what the model asks.

mod beta_geometric;
mod counted;
mod fit;
mod law;
mod leaving;
mod ordered;
mod pareto;
mod rate;
mod row;
mod spending;
mod value;

pub use fit::{Degeneracy, LIFETIME_FORMAT, LifetimeKind, LifetimeModel, fit_lifetime};
pub use law::LifetimeLaw;
pub use ordered::days_of_orders;
pub use row::{DaysByCustomer, PurchaseDay, PurchaseRow, REPEATS_MAX, TimeUnit, purchase_days};
pub use spending::{SPENDING_FORMAT, SpendingModel, fit_spending};
pub use value::{CustomerValue, PERIODS_MAX, ValueRequest, customer_value};
