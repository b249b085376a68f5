//! `stage.windowsevent`: values of the message of a Windows event, section by section.
//!
//! ~~~text
//! An account was logged on.         Description
//!                                   an empty line ends a section
//! Subject:                          a title: what goes before the keys of its section
//! <tab>Account Name:<tab>SYSTEM     Subject_AccountName = SYSTEM
//! Privileges:<tab>SeTcb             a value goes on in lines without a colon,
//! <tab>SeBackup                     joined by commas: Privileges = SeTcb,SeBackup
//! ~~~

use super::super::entry::Entry;
use super::eventlogmessage::EventKeys;
use super::{Run, StageSetupError, each};

const STAGE: &str = "windowsevent";
const DESCRIPTION: &str = "Description";
const LINE_END: &str = "\r\n";

/// Extracts what a message of Windows' event log says.
#[derive(Clone, Debug)]
pub struct WindowsEvent {
    /// The extracted value that is read.
    pub source: String,
    /// Whether keys that are no label names are left out; else what cannot stand in one is `_`.
    pub drop_invalid_labels: bool,
    /// Whether values that are there already are replaced; else the key gets `_extracted`.
    pub overwrite_existing: bool,
}

impl Default for WindowsEvent {
    fn default() -> Self {
        let source = "message".to_owned();
        WindowsEvent { source, drop_invalid_labels: false, overwrite_existing: false }
    }
}

impl WindowsEvent {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let WindowsEvent { source, drop_invalid_labels, overwrite_existing } = self.clone();
        let keys = EventKeys::new(STAGE, &source, drop_invalid_labels, overwrite_existing)?;
        Ok(each(move |entry, _| {
            let Some(text) = entry.get(&source).map(|text| text.into_owned()) else { return };
            let mut sections = text.split("\r\n\r\n");
            if let Some(first) = sections.next() {
                put(entry, &keys, DESCRIPTION, first);
            }
            sections.for_each(|section| read(section, entry, &keys));
        }))
    }
}

/// Extracts the pairs of a section.
fn read(section: &str, entry: &mut Entry, keys: &EventKeys) {
    let mut lines = section.split(LINE_END).peekable();
    let mut title = "";
    let mut is_first = true;
    while let Some(line) = lines.next() {
        let starts = std::mem::replace(&mut is_first, false);
        let Some((key, value)) = line.split_once(':') else { continue };
        if value.is_empty() {
            title = if starts { key } else { title };
            continue;
        }
        let mut value = value.to_owned();
        while let Some(more) = lines.next_if(|line| !line.is_empty() && !line.contains(':')) {
            value.push(',');
            value.push_str(more);
        }
        match title {
            "" => put(entry, keys, key, &value),
            title => put(entry, keys, &format!("{title}_{key}"), &value),
        }
    }
}

fn put(entry: &mut Entry, keys: &EventKeys, key: &str, value: &str) {
    let is_blank = |c: char| matches!(c, '\t' | '\r' | '\n');
    let key: String = key.chars().filter(|c| !is_blank(*c) && *c != ' ').collect();
    let value: String = value.chars().filter(|c| !is_blank(*c)).collect();
    keys.put(entry, &key, value.trim());
}
