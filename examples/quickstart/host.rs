//! Reads the machine: CPU, memory, disk, network, and this process.

use quadra::time::Millis;
use quadra::{Error, Quadra, labels};
use sysinfo::{Disks, Networks, Pid, ProcessesToUpdate, System};

/// The machine as the operating system tells it.
pub(crate) struct Host {
    system: System,
    disks: Disks,
    networks: Networks,
}

impl Host {
    /// Gets ready to read.
    pub(crate) fn new() -> Result<Self, sysinfo::Error> {
        Ok(Host {
            system: System::new()?,
            disks: Disks::new_with_refreshed_list()?,
            networks: Networks::new_with_refreshed_list()?,
        })
    }

    /// Takes one reading of everything as one commit. Answers how many samples it stored.
    pub(crate) fn scrape(&mut self, db: &Quadra, now: Millis) -> Result<u64, Error> {
        let metrics = db.metrics();
        let mut batch = metrics.batch();
        let mut put = |name: &str, label: Option<(&str, &str)>, value: f64| {
            let labels = match label {
                Some((key, text)) => labels! { "__name__" => name, "job" => "host", key => text },
                None => labels! { "__name__" => name, "job" => "host" },
            };
            batch.append(&metrics.series(labels)?, now, value);
            Ok::<(), Error>(())
        };

        self.system.refresh_cpu_usage();
        for (number, cpu) in self.system.cpus().iter().enumerate() {
            let usage = f64::from(cpu.usage()) / 100.0;
            put("host_cpu_usage_ratio", Some(("cpu", &number.to_string())), usage)?;
        }

        self.system.refresh_memory();
        put("host_memory_total_bytes", None, self.system.total_memory() as f64)?;
        put("host_memory_used_bytes", None, self.system.used_memory() as f64)?;

        self.disks.refresh(true);
        for disk in &self.disks {
            let mount = disk.mount_point().to_string_lossy();
            let free = disk.available_space() as f64;
            put("host_disk_free_bytes", Some(("mount", &mount)), free)?;
            put("host_disk_size_bytes", Some(("mount", &mount)), disk.total_space() as f64)?;
        }

        self.networks.refresh(true);
        for (device, network) in &self.networks {
            let device = device.to_string_lossy();
            let device = Some(("device", &*device));
            put("host_network_receive_bytes_total", device, network.total_received() as f64)?;
            put("host_network_transmit_bytes_total", device, network.total_transmitted() as f64)?;
        }

        let own = Pid::from_u32(std::process::id());
        self.system.refresh_processes(ProcessesToUpdate::Some(&[own]), true);
        if let Some(process) = self.system.process(own) {
            put("process_resident_memory_bytes", None, process.memory() as f64)?;
            let seconds = process.accumulated_cpu_time() as f64 / 1000.0;
            put("process_cpu_seconds_total", None, seconds)?;
        }
        Ok(batch.commit()?.stored)
    }
}
