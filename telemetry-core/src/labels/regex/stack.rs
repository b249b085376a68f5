//! Room on the stack for deeply nested patterns.
//!
//! Go takes patterns that nest a thousand deep. `regex-automata` compiles recursively and takes up
//! to two kilobytes a level, so such a pattern could overflow the stack of the host's thread, which
//! would end the process. What may nest deeply is compiled on a thread of its own, which is joined
//! at once. Ordinary patterns have few parentheses and never come here.

/// More opening parentheses than this, and a pattern may nest deeply. A level of parentheses is up
/// to four levels of the expression: group, repetition, alternation, concatenation.
const PARENTHESES_MAX: usize = 32;
/// Room for the deepest expression, several times over.
const STACK_BYTES: usize = 16 << 20;

/// Whether compiling the pattern may take more stack than any thread has.
pub(super) fn may_nest_deeply(pattern: &str) -> bool {
    memchr::memchr_iter(b'(', pattern.as_bytes()).nth(PARENTHESES_MAX).is_some()
}

/// Runs `compile`, with room on the stack where it needs it; `None` where the system has no thread.
pub(super) fn with_room<T: Send>(
    needs_room: bool,
    compile: impl FnOnce() -> T + Send,
) -> Option<T> {
    if !needs_room {
        return Some(compile());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, compile).ok()?.join().ok()
    })
}
