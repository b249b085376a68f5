//! Writing the exemplars of a block.

use telemetry_core::labels::Labels;
use telemetry_core::model::Exemplar;
use telemetry_core::storage::block::{BlockWriter, FileWriter};
use telemetry_core::storage::{Result, lz4};

use super::format::{self, Extent};
use super::{FILE, PAGES, ROOT};

/// A page is ended when it has so many bytes before compression.
const PAGE_BYTES: usize = 64 << 10;
/// Exemplars of a series that go into a page at once.
const STEP: usize = 256;

/// The file under construction.
#[derive(Debug)]
pub(in super::super) struct ExemplarWriter {
    file: FileWriter,
    raw: Vec<u8>,
    compressed: Vec<u8>,
    /// Of the present page.
    extent: Extent,
    sizes: Vec<u32>,
    extents: Vec<Extent>,
}

impl ExemplarWriter {
    pub(in super::super) fn begin(block: &BlockWriter) -> Result<Self> {
        let mut file = block.file(FILE)?;
        file.begin(PAGES);
        Ok(ExemplarWriter {
            file,
            raw: Vec::new(),
            compressed: Vec::new(),
            extent: Extent::new(),
            sizes: Vec::new(),
            extents: Vec::new(),
        })
    }

    /// Adds the exemplars of a series, by time; series come in the order of their labels.
    pub(in super::super) fn series(
        &mut self,
        labels: &Labels,
        exemplars: &[Exemplar],
    ) -> Result<()> {
        for step in exemplars.chunks(STEP) {
            // A page has a series once: what follows goes into the next.
            if self.raw.len() >= PAGE_BYTES || (exemplars.len() > STEP && !self.raw.is_empty()) {
                self.end_page()?;
            }
            format::put_series(labels, step, &mut self.raw);
            step.iter().for_each(|exemplar| self.extent.add(exemplar.time.0));
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<()> {
        self.compressed.clear();
        lz4::put(&mut self.compressed, &self.raw);
        self.sizes.push(self.file.page(&self.compressed)?.bytes);
        self.extents.push(std::mem::replace(&mut self.extent, Extent::new()));
        self.raw.clear();
        Ok(())
    }

    /// Ends the file; gives what is in it.
    pub(in super::super) fn finish(mut self, block: &mut BlockWriter) -> Result<Extent> {
        if !self.raw.is_empty() {
            self.end_page()?;
        }
        let mut root = Vec::new();
        format::put_root(&self.sizes, &self.extents, &mut root);
        self.file.section(ROOT, &root)?;
        block.finish_file(self.file)?;
        let mut extent = Extent::new();
        self.extents.iter().for_each(|page| extent.add_all(page));
        Ok(extent)
    }
}
