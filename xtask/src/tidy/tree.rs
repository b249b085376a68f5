//! What the rules read: every text of the workspace, and the packages that it is cut into.
//!
//! [`Tree::read`] is the only place that touches the disk; the rules are functions of a `Tree`, so
//! that their tests can write one by hand.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::mask;
use super::modules::{self, Role};
use crate::cargo;

/// Package that may do what libraries may not: print, read the clock, depend on everything.
pub(super) const TOOL: &str = "xtask";

/// Folders that hold nothing written by hand.
const SKIPPED_FOLDERS: &[&str] =
    &["target", ".git", "peers", "corpus", "artifacts", "node_modules"];

/// Names without an extension, and extensions, of the texts that are read.
const TEXTS: &[&str] = &["rs", "toml", "md", "sh", "yml", "yaml", "test", "run"];

/// The workspace as the rules see it. Paths are relative to its root and use `/`.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    pub(super) packages: Vec<Package>,
}

/// One text.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// A Rust file's code without comments and literals; empty for another text.
    pub(super) code: String,
    /// `code` without what only tests compile.
    pub(super) product: String,
    /// What Cargo compiles the file into; `None` where nothing reaches it.
    pub(super) role: Option<Role>,
    /// Index into the packages, for a file inside a package's folders of sources.
    pub(super) package: Option<usize>,
}

/// A member of the workspace.
#[derive(Debug, Default, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, empty for the root package.
    pub(super) folder: String,
    /// The files that Cargo compiles, with what becomes of them.
    pub(super) roots: Vec<(String, Role)>,
    /// Members that its manifest names.
    pub(super) arrows: Vec<Arrow>,
}

/// A dependency of a member on a member.
#[derive(Debug, Clone)]
pub(super) struct Arrow {
    pub(super) to: String,
    pub(super) features: Vec<String>,
}

impl File {
    /// Whether the file belongs to the sources (`src/`) of a library crate.
    pub(super) fn in_library(&self, tree: &Tree) -> bool {
        self.package.and_then(|index| tree.packages.get(index)).is_some_and(|package| {
            let sources = modules::join(&package.folder, "src");
            package.name != TOOL
                && self.path.strip_prefix(&sources).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Name without folders and extension.
    pub(super) fn stem(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Path without the name.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Number, from 1, of the line that holds the byte at `offset`.
    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
    }

    /// The lines of the module doc, without `//!` and one space.
    pub(super) fn module_doc(&self) -> impl Iterator<Item = &str> {
        self.text
            .lines()
            .skip_while(|line| !line.starts_with("//!"))
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
    }
}

impl Tree {
    /// Reads the workspace at `root`.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut texts = Vec::new();
        walk(root, "", &mut texts)?;
        let members = cargo::packages(root)?;
        let packages = members.iter().map(|member| package(root, member, &members)).collect();
        Ok(Self::new(texts, packages))
    }

    /// Puts texts and packages together and finds what each file is compiled into.
    pub(super) fn new(texts: Vec<(String, String)>, packages: Vec<Package>) -> Self {
        let mut sources = BTreeMap::new();
        let mut others = Vec::new();
        for (path, text) in texts {
            if path.ends_with(".rs") {
                let code = mask::code(&text);
                sources.insert(path, (text, code));
            } else {
                others.push((path, text));
            }
        }
        let roots: Vec<_> = packages.iter().flat_map(|package| package.roots.clone()).collect();
        let reached = modules::reach(&roots, &sources);
        let rust = sources.into_iter().map(|(path, (text, code))| {
            let role = reached.get(&path).copied();
            let product =
                if role == Some(Role::Product) { mask::product(&code) } else { String::new() };
            let package = owner(&path, &packages);
            File { path, text, code, product, role, package }
        });
        let plain = others.into_iter().map(|(path, text)| File {
            path,
            text,
            code: String::new(),
            product: String::new(),
            role: None,
            package: None,
        });
        let files = rust.chain(plain).collect();
        Self { files, packages }
    }

    /// The Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

/// The package whose `src`, `tests`, `benches` or `examples` holds `path`.
fn owner(path: &str, packages: &[Package]) -> Option<usize> {
    packages.iter().position(|package| {
        ["src", "tests", "benches", "examples"].iter().any(|part| {
            path.strip_prefix(&modules::join(&package.folder, part))
                .is_some_and(|rest| rest.starts_with('/'))
        })
    })
}

fn package(root: &Path, member: &cargo::Package, members: &[cargo::Package]) -> Package {
    let name_of = |dependency: &cargo::Dependency| {
        members.iter().any(|other| other.name == dependency.name && dependency.path.is_some())
    };
    Package {
        name: member.name.clone(),
        folder: relative(root, member.manifest_path.parent().unwrap_or(root)),
        roots: member
            .targets
            .iter()
            .map(|target| {
                let is_product =
                    target.kind.iter().any(|kind| kind.contains("lib") || kind == "bin");
                let role = if is_product { Role::Product } else { Role::Test };
                (relative(root, &target.src_path), role)
            })
            .collect(),
        arrows: member
            .dependencies
            .iter()
            .filter(|dependency| name_of(dependency))
            .map(|dependency| Arrow {
                to: dependency.name.clone(),
                features: dependency.features.clone(),
            })
            .collect(),
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn walk(root: &Path, folder: &str, texts: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = modules::join(folder, &name);
        if entry.file_type()?.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                walk(root, &path, texts)?;
            }
        } else if TEXTS.contains(&name.rsplit('.').next().unwrap_or(&name)) {
            texts.push((path, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}
