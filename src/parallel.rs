//! Work on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Changes each item of a slice, on all cores: threads take them in turn.
pub(crate) fn change_in_parallel<T: Send>(items: &mut [T], change: impl Fn(&mut T) + Sync) {
    let threads = threads().min(items.len());
    if threads < 2 {
        return items.iter_mut().for_each(change);
    }
    let rest = Mutex::new(items.iter_mut());
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| std::iter::from_fn(next).for_each(&change));
        }
    });
}

/// Maps a slice on all cores, in order. Threads take pieces of `piece` items in turn, so that uneven work is shared.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], piece: usize, map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let pieces: Vec<&[T]> = items.chunks(piece.max(1)).collect();
    let threads = threads().min(pieces.len());
    if threads < 2 {
        return items.iter().map(map).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done: Vec<(usize, Vec<R>)> = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(place) else { return done };
            done.push((place, piece.iter().map(&map).collect()));
        }
    };
    let mut parts: Vec<(usize, Vec<R>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().flat_map(join).collect()
    });
    parts.sort_unstable_by_key(|(place, _)| *place);
    let mut results = Vec::with_capacity(items.len());
    parts.into_iter().for_each(|(_, part)| results.extend(part));
    results
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
