//! What the library pulls into a user's build: few packages, none that opens sockets, and no C
//! where only a language is wanted.
#![cfg(test)]

use xtask::cargo::{self, Linked};

/// Most packages, members aside, that a build of `quadra` with its default features may link.
const PACKAGES_MAX: usize = 60;

/// Crates that open sockets or bring an async runtime, and the prose error types of applications.
const BANNED: &[&str] = &[
    "actix-rt",
    "anyhow",
    "async-io",
    "async-std",
    "attohttpc",
    "axum",
    "color-eyre",
    "curl",
    "curl-sys",
    "eyre",
    "futures-executor",
    "h2",
    "hyper",
    "hyper-util",
    "isahc",
    "libp2p",
    "mio",
    "native-tls",
    "openssl",
    "openssl-sys",
    "polling",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "tokio-util",
    "tonic",
    "tower",
    "tungstenite",
    "ureq",
];

/// Crates that hand C to a compiler, or find it on the machine.
const BUILDS_C: &[&str] = &["bindgen", "cc", "cmake", "croaring", "croaring-sys", "pkg-config"];

/// Crates that nothing but the storage kernel uses: whoever links them links the kernel. (Its
/// checksum, CRC-32C, is not among them: the frames of a streamed remote read carry one too.)
const ONLY_IN_KERNEL: &[&str] = &["quick_cache", "rayon-core"];

/// The packages of `package` with its default features, without the workspace's own.
fn outside(package: &str, edges: &str) -> Vec<Linked> {
    let tree = cargo::tree(&cargo::workspace_root(), package, edges).unwrap();
    assert!(!tree.is_empty(), "cargo tree knows nothing of {package}");
    tree.into_iter().filter(|linked| !linked.member).collect()
}

fn names(tree: &[Linked], wanted: impl Fn(&str) -> bool) -> Vec<&str> {
    tree.iter().map(|linked| linked.name.as_str()).filter(|name| wanted(name)).collect()
}

#[test]
fn the_default_tree_is_small() {
    let tree = outside("quadra", "normal");
    let list: Vec<_> = tree.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    assert!(
        tree.len() <= PACKAGES_MAX,
        "{} packages, more than {PACKAGES_MAX}:\n{}",
        tree.len(),
        list.join("\n")
    );
}

#[test]
fn nothing_in_the_default_tree_opens_a_socket_or_runs_async() {
    let tree = outside("quadra", "normal,build");
    let found = names(&tree, |name| BANNED.contains(&name));
    assert!(found.is_empty(), "networking or prose errors in the tree: {found:?}");
}

#[test]
fn languages_and_decoders_build_without_a_c_compiler_and_without_the_kernel() {
    for package in ["quadra-promql", "quadra-logql", "quadra-traceql", "quadra-wire"] {
        let tree = outside(package, "normal,build");
        let found = names(&tree, |name| BUILDS_C.contains(&name) || name.ends_with("-sys"));
        assert!(found.is_empty(), "{package} compiles C: {found:?}");
        let kernel = names(&tree, |name| ONLY_IN_KERNEL.contains(&name));
        assert!(kernel.is_empty(), "{package} links the storage kernel: {kernel:?}");
    }
}

#[test]
fn no_package_of_the_default_tree_comes_twice_by_our_own_doing() {
    let tree = outside("quadra", "normal");
    let doubles: Vec<_> = tree
        .windows(2)
        .filter(|pair| pair[0].name == pair[1].name)
        .map(|pair| pair[0].name.as_str())
        // quick_cache still asks for the parking_lot before ours.
        .filter(|name| !["lock_api", "parking_lot", "parking_lot_core"].contains(name))
        .collect();
    assert!(doubles.is_empty(), "two versions in one tree: {doubles:?}");
}
