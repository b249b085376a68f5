//! Where the samples of each series are: the way from a series to its target or its buffer.
//!
//! ~~~text
//! word     0                               nothing here
//!          column │ number of a target     a column of a target: what most series have
//!          BUFFERED                        a buffer
//! ~~~
//!
//! A word is changed by the one writer and read without a lock. A reader that saw a word before it
//! became a buffer goes to the target, and finds there what commits up to its own have.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::rows::Target;
use super::series::SeriesBuffer;
use crate::registry::Slots;

/// The word of a series that has a buffer: no column has that number.
const BUFFERED: u64 = u64::MAX;

/// What a head has of one series.
pub(super) enum Place<'a> {
    /// Nothing.
    Empty,
    /// A column of a target.
    Column(&'a Arc<Target>, u32),
    /// Anything else.
    Buffer(&'a mut SeriesBuffer),
}

/// A buffer, once there is one.
type Buffer = Mutex<Option<Box<SeriesBuffer>>>;

/// The places of all series.
#[derive(Debug)]
pub(super) struct Places {
    words: Slots<AtomicU64>,
    buffers: Slots<Buffer>,
    /// Targets by their numbers, from 1 on.
    targets: Slots<OnceLock<Arc<Target>>>,
    targets_len: AtomicU32,
    /// Series with a buffer.
    buffered: Mutex<Vec<u32>>,
}

impl Places {
    pub(super) fn new() -> Self {
        Places {
            words: Slots::new(),
            buffers: Slots::new(),
            targets: Slots::new(),
            targets_len: AtomicU32::new(0),
            buffered: Mutex::default(),
        }
    }

    /// Looks at the place of a series.
    pub(super) fn look<T>(&self, id: u32, see: impl FnOnce(Place<'_>) -> T) -> T {
        let word = self.words.get(id).map_or(0, |word| word.load(Ordering::Acquire));
        if word == BUFFERED {
            if let Some(mut buffer) = self.buffers.get(id).map(|buffer| buffer.lock())
                && let Some(buffer) = buffer.as_deref_mut()
            {
                return see(Place::Buffer(buffer));
            }
            return see(Place::Empty);
        }
        let (number, column) = (word as u32, (word >> 32) as u32);
        match self.targets.get(number).and_then(|target| target.get()) {
            Some(target) => see(Place::Column(target, column)),
            None => see(Place::Empty),
        }
    }

    /// Whether there is nothing of a series.
    pub(super) fn is_empty(&self, id: u32) -> bool {
        self.words.get(id).is_none_or(|word| word.load(Ordering::Acquire) == 0)
    }

    /// Takes in a target; gives its number. Only the one writer calls this.
    pub(super) fn add_target(&self, target: &Arc<Target>) -> u32 {
        let number = self.targets_len.fetch_add(1, Ordering::AcqRel) + 1;
        let _ = self.targets.grow(number).set(Arc::clone(target));
        number
    }

    /// All targets.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        let numbers = 1..=self.targets_len.load(Ordering::Acquire);
        numbers.filter_map(|number| self.targets.get(number)?.get())
    }

    /// Number of targets.
    pub(super) fn targets_len(&self) -> usize {
        self.targets_len.load(Ordering::Acquire) as usize
    }

    /// The newest sample of a series is about to be in the next row of a target. Gives whether the
    /// series is new here. Only the one writer calls this.
    pub(super) fn move_home(
        &self,
        id: u32,
        (target, number): (&Arc<Target>, u32),
        column: u32,
    ) -> Moved {
        let word = self.words.grow(id);
        let home = u64::from(column) << 32 | u64::from(number);
        match word.load(Ordering::Relaxed) {
            0 => {
                word.store(home, Ordering::Release);
                Moved::Settled
            }
            known if known == home => Moved::Stayed,
            _ => {
                let made = self.with_buffer(id, |buffer| buffer.move_home(target, column)).1;
                if made { Moved::Buffered } else { Moved::Stayed }
            }
        }
    }

    /// Changes the buffer of a series, and gives whether it was made for this. Only the one writer
    /// calls this.
    pub(super) fn with_buffer<T>(
        &self,
        id: u32,
        change: impl FnOnce(&mut SeriesBuffer) -> T,
    ) -> (T, bool) {
        let word = self.words.grow(id);
        let known = word.load(Ordering::Relaxed);
        let mut slot = self.buffers.grow(id).lock();
        let buffer = slot.get_or_insert_with(|| {
            let column = (known >> 32) as u32;
            let target = self.targets.get(known as u32).and_then(|target| target.get());
            Box::new(SeriesBuffer::of_column(target.map(|target| (Arc::clone(target), column))))
        });
        let result = change(buffer);
        drop(slot);
        if known != BUFFERED {
            self.buffered.lock().push(id);
            word.store(BUFFERED, Ordering::Release);
        }
        (result, known != BUFFERED)
    }

    /// Series that have a buffer, in order of their first sample there.
    pub(super) fn buffered(&self) -> Vec<u32> {
        self.buffered.lock().clone()
    }

    /// Series that have anything here, ascending.
    pub(super) fn series(&self) -> Vec<u32> {
        let mut series = self.buffered();
        for target in self.targets() {
            series.extend_from_slice(target.series());
        }
        series.sort_unstable();
        series.dedup();
        series
    }
}

/// What [`Places::move_home`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// The series is new here.
    Settled,
    /// It was there, or has a buffer already.
    Stayed,
    /// It has a buffer now.
    Buffered,
}
