//! Rules on words in the code: what may not be written, and where it may.

use super::Violation;
use super::tree::{File, Tree};

/// The file-system module that may ask which platform it runs on, with its folder.
const PLATFORM_HOME: &str = "telemetry-core/src/storage/fs/os";

/// What asks for the platform beside it: followers of log files, which do not link the kernel.
const PLATFORM_OF_FOLLOWERS: &str = "wire/src/lines/identity.rs";

/// The code that a banned word is looked for in.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// Every Rust file, tests too.
    Everywhere,
    /// What a library hands to its users.
    Library,
}

/// Words that code does not contain.
struct Banned {
    rule: &'static str,
    scope: Scope,
    words: &'static [&'static str],
    /// Files that may.
    except: &'static [&'static str],
    advice: &'static str,
}

const BANNED: &[Banned] = &[
    Banned {
        rule: "ignored-test",
        scope: Scope::Everywhere,
        words: &["#[ignore"],
        except: &[],
        advice: "a test runs or does not exist: mend it, or make it cheap",
    },
    Banned {
        rule: "unfinished",
        scope: Scope::Everywhere,
        words: &["todo!", "unimplemented!"],
        except: &[],
        advice: "refuse with a typed `Unsupported`, or finish it",
    },
    Banned {
        rule: "wall-clock",
        scope: Scope::Library,
        words: &["SystemTime::now", "Instant::now"],
        // The clock itself; and promises about real time: the deadline of a query, the interval of
        // durability.
        except: &[
            "telemetry-core/src/time/clock.rs",
            "telemetry-core/src/query/context.rs",
            "telemetry-core/src/storage/monotonic.rs",
        ],
        advice: "ask the `Clock` of the `Runtime`, or the deadline of the `QueryContext`",
    },
    Banned {
        rule: "print",
        scope: Scope::Library,
        words: &["println!", "print!", "eprintln!", "eprint!", "dbg!"],
        except: &[],
        advice: "a guest prints nothing: return it, or give it to the event hook",
    },
    Banned {
        rule: "exit",
        scope: Scope::Library,
        words: &["process::exit", "process::abort"],
        except: &[],
        advice: "the process is the host's: return an error",
    },
    Banned {
        rule: "socket",
        scope: Scope::Library,
        words: &["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener"],
        except: &[],
        advice: "the library opens no socket: take bytes",
    },
];

/// Code contains no word of [`BANNED`] outside the files that may.
pub(super) fn banned_word(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust() {
        for banned in BANNED {
            let code = match banned.scope {
                Scope::Everywhere => &file.code,
                Scope::Library if file.in_library(tree) => &file.product,
                Scope::Library => continue,
            };
            if banned.except.contains(&file.path.as_str()) {
                continue;
            }
            for offset in banned.words.iter().flat_map(|word| whole_words(code, word)) {
                found.push(at(file, offset, banned.rule, banned.advice));
            }
        }
    }
}

/// Libraries ask for the platform in [`PLATFORM_HOME`] and [`PLATFORM_OF_FOLLOWERS`] alone.
pub(super) fn platform(tree: &Tree, found: &mut Vec<Violation>) {
    const CONDITIONS: &[&str] = &["cfg(", "cfg!(", "cfg_attr("];
    const PLATFORMS: &[&str] = &["unix", "windows", "target_os", "target_family"];
    const MODULES: &[&str] = &["os::unix", "os::windows", "os::linux", "os::fd"];
    let advice = "move it into `storage/fs/os.rs`, behind the file-system trait";
    for file in tree.rust().filter(|file| file.in_library(tree)) {
        if file.path.starts_with(PLATFORM_HOME) || file.path == PLATFORM_OF_FOLLOWERS {
            continue;
        }
        for offset in CONDITIONS.iter().flat_map(|word| whole_words(&file.code, word)) {
            let condition = in_parentheses(&file.code[offset..]);
            if PLATFORMS.iter().any(|word| whole_words(condition, word).next().is_some()) {
                found.push(at(file, offset, "platform", advice));
            }
        }
        for offset in MODULES.iter().flat_map(|word| whole_words(&file.code, word)) {
            found.push(at(file, offset, "platform", advice));
        }
    }
}

/// No text names a folder of the machine that it was written on.
pub(super) fn machine_path(tree: &Tree, found: &mut Vec<Violation>) {
    // Spelt in two parts, so that this file passes its own rule.
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/")];
    for file in &tree.files {
        for (path, (offset, _)) in
            paths.iter().flat_map(|path| file.text.match_indices(path).map(move |hit| (path, hit)))
        {
            let inside_longer = file.text[..offset]
                .ends_with(|c: char| c.is_alphanumeric() || "._-~})>/$%".contains(c));
            if !inside_longer {
                let advice = format!(
                    "`{path}` is a place on one machine: use the workspace root, \
                     `std::env::temp_dir` or a path of no machine"
                );
                found.push(at(file, offset, "machine-path", &advice));
            }
        }
    }
}

/// Offsets of `word` in `code` where it is no part of a longer word.
fn whole_words(code: &str, word: &str) -> impl Iterator<Item = usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let open_start = word.starts_with(is_part);
    let open_end = word.ends_with(is_part);
    code.match_indices(word)
        .filter(move |(at, word)| {
            let cut_before = open_start && code[..*at].ends_with(is_part);
            let cut_after = open_end && code[at + word.len()..].starts_with(is_part);
            !cut_before && !cut_after
        })
        .map(|(at, _)| at)
}

/// The text from the start to the parenthesis that closes the first one.
fn in_parentheses(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth <= 1 => return &code[..at],
            b')' => depth -= 1,
            _ => {}
        }
    }
    code
}

fn at(file: &File, offset: usize, rule: &'static str, advice: &str) -> Violation {
    let line = file.line(offset);
    Violation { path: file.path.clone(), line, rule, advice: advice.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{places, tree};
    use super::*;

    #[test]
    fn unfinished_and_ignored_code_is_named_everywhere() {
        let tree = tree(&[
            ("tsdb/src/lib.rs", "fn f() {\n    todo!()\n}\n// todo!()\nconst A: &str = \"todo!\";"),
            ("tsdb/tests/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() { unimplemented!() }"),
        ]);
        assert_eq!(
            places(banned_word, &tree),
            ["tsdb/src/lib.rs:2", "tsdb/tests/a.rs:2", "tsdb/tests/a.rs:3"]
        );
    }

    #[test]
    fn a_library_reads_no_clock_and_prints_nothing_outside_its_tests() {
        let code = "mod a;\nfn f() { Instant::now(); }\nfn g() { eprintln!(); }\n\
                    #[cfg(test)] mod tests { fn h() { println!(); SystemTime::now(); } }";
        let clock = "fn now() { SystemTime::now() }";
        let tree = tree(&[
            ("tsdb/src/lib.rs", code),
            ("tsdb/src/a.rs", "fn pretty_print() { my_print!() }"),
            ("xtask/src/lib.rs", code),
            ("telemetry-core/src/lib.rs", "mod time { mod clock; }"),
            ("telemetry-core/src/time/clock.rs", clock),
        ]);
        assert_eq!(places(banned_word, &tree), ["tsdb/src/lib.rs:2", "tsdb/src/lib.rs:3"]);
    }

    #[test]
    fn a_library_opens_no_socket_and_ends_no_process() {
        let tree = tree(&[(
            "src/lib.rs",
            "use std::net::{IpAddr, TcpStream};\nfn f() { std::process::exit(1) }",
        )]);
        assert_eq!(places(banned_word, &tree), ["src/lib.rs:2", "src/lib.rs:1"]);
    }

    #[test]
    fn only_the_file_system_of_the_kernel_knows_platforms() {
        let code = "#[cfg(any(test, not(unix)))]\nfn f() { cfg!(target_os = \"linux\"); }\n\
                    use std::os::unix::fs::FileExt;\n#[cfg(feature = \"unix\")]\nfn unix() {}\n\
                    #[cfg(target_pointer_width = \"64\")]\nfn g() {}";
        let tree =
            tree(&[("tsdb/src/lib.rs", code), ("telemetry-core/src/storage/fs/os.rs", code)]);
        let found = places(platform, &tree);
        assert_eq!(found, ["tsdb/src/lib.rs:1", "tsdb/src/lib.rs:2", "tsdb/src/lib.rs:3"]);
    }

    #[test]
    fn paths_of_a_machine_are_named_in_any_text() {
        let text = |path: &str| format!("\nopen {path}a and ../x{path}b and https://host{path}c\n");
        let (work, temporary) = (text(concat!("/wo", "rk/")), text(concat!("/tm", "p/")));
        let tree = tree(&[("README.md", &work), ("src/lib.rs", &temporary)]);
        assert_eq!(places(machine_path, &tree), ["src/lib.rs:2", "README.md:2"]);
    }
}
