//! Numbers and places on the globe.

/// The mean radius of the Earth, in kilometres (IUGG).
const EARTH_KM: f64 = 6371.0088;

/// Reads a finite number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Measures the distance over ground between two places, `latitude,longitude` in degrees, in kilometres (haversine).
pub(crate) fn kilometres(a: &str, b: &str) -> Option<f64> {
    let ((from, east), (to, west)) = (place(a)?, place(b)?);
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let h = half(to - from) + from.cos() * to.cos() * half(west - east);
    Some(2.0 * EARTH_KM * h.sqrt().min(1.0).asin())
}

/// Latitude and longitude in radians.
fn place(text: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = text.split_once([',', ' '])?;
    let (latitude, longitude) = (number(latitude.trim())?, number(longitude.trim())?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 360.0;
    on_earth.then(|| (latitude.to_radians(), longitude.to_radians()))
}

#[cfg(test)]
mod tests {
    use super::{kilometres, number};

    #[test]
    fn numbers_and_places() {
        assert_eq!(number("-1.5e2"), Some(-150.0));
        assert_eq!([number("nan"), number("inf"), number("12 m"), number("")], [None; 4]);
        // Greenwich to Paris, and half around the world.
        let near = |a: &str, b: &str, km: f64| assert!((kilometres(a, b).unwrap() - km).abs() < 1.0, "{a} {b}");
        near("51.4779,-0.0015", "48.8566, 2.3522", 336.0);
        near("0,0", "0,180", 20_015.0);
        near("90,0", "90,120", 0.0);
        assert_eq!(kilometres("91,0", "0,0"), None);
        assert_eq!(kilometres("here", "0,0"), None);
    }
}
