//! What the faulty file system promises to tests.

use super::*;

fn machine(seed: u64) -> FaultyFileSystem {
    let fs = FaultyFileSystem::new(seed);
    fs.create_dir(Path::new("/")).unwrap();
    fs.sync_dir(Path::new("/")).unwrap();
    fs
}

#[test]
fn what_is_synced_survives_power_loss() {
    for seed in 0..50 {
        let fs = machine(seed);
        let path = Path::new("/f");
        let file = fs.create(path).unwrap();
        file.append(&[1; 700]).unwrap();
        file.sync().unwrap();
        fs.sync_dir(Path::new("/")).unwrap();
        file.append(&[2; 2000]).unwrap();
        let after = fs.reboot().content(path).unwrap();
        assert!(after.len() >= 700 && after[..700].iter().all(|byte| *byte == 1), "seed {seed}");
        assert!(after[700..].iter().all(|byte| [0, 2].contains(byte)), "seed {seed}");
    }
}

#[test]
fn unsynced_names_and_sectors_survive_sometimes() {
    let (mut named, mut torn) = (0, 0);
    for seed in 0..200 {
        let fs = machine(seed);
        let file = fs.create(Path::new("/f")).unwrap();
        file.append(&[1; 2048]).unwrap();
        if let Some(content) = fs.reboot().content(Path::new("/f")) {
            named += 1;
            torn += usize::from(content.contains(&0) && content.contains(&1));
        }
    }
    assert!((50..150).contains(&named), "{named} of 200 names survived");
    assert!(torn > 10, "{torn} of {named} files had holes");
}

#[test]
fn an_unsynced_rename_leaves_one_of_the_two_files() {
    let mut seen = [0; 2];
    for seed in 0..50 {
        let fs = machine(seed);
        for (path, byte) in [("/old", 1), ("/new", 2)] {
            let file = fs.create(Path::new(path)).unwrap();
            file.append(&[byte]).unwrap();
            file.sync().unwrap();
        }
        fs.sync_dir(Path::new("/")).unwrap();
        fs.rename(Path::new("/new"), Path::new("/old")).unwrap();
        let after = fs.reboot();
        let content = after.content(Path::new("/old")).unwrap();
        assert_eq!(after.content(Path::new("/new")).is_some(), content == [1], "seed {seed}");
        seen[usize::from(content[0]) - 1] += 1;
    }
    assert!(seen[0] > 5 && seen[1] > 5, "{seen:?}");
}

#[test]
fn a_failed_sync_is_not_made_good_by_the_next() {
    let mut lost = 0;
    for seed in 0..20 {
        let fs = machine(seed);
        let file = fs.create(Path::new("/f")).unwrap();
        fs.sync_dir(Path::new("/")).unwrap();
        file.append(&[1; 4096]).unwrap();
        fs.fail_sync(1);
        assert!(file.sync().is_err());
        assert!(file.sync().is_ok());
        assert_eq!(fs.content(Path::new("/f")).unwrap(), [1; 4096]);
        lost += usize::from(fs.reboot().content(Path::new("/f")).unwrap() != [1; 4096]);
    }
    assert!(lost > 10);
}

#[test]
fn a_killed_process_leaves_what_it_wrote() {
    let fs = machine(7);
    fs.create(Path::new("/f")).unwrap().append(&[1; 100]).unwrap();
    let held = fs.try_lock(Path::new("/LOCK"), LockMode::Exclusive).unwrap();
    let after = fs.kill();
    assert!(fs.open(Path::new("/f")).is_err());
    assert_eq!(after.content(Path::new("/f")).unwrap().len(), 100);
    assert!(after.try_lock(Path::new("/LOCK"), LockMode::Exclusive).unwrap().is_some());
    drop(held);
}

#[test]
fn a_full_disk_takes_what_fits() {
    let fs = machine(1);
    let file = fs.create(Path::new("/f")).unwrap();
    fs.limit_bytes(Some(10));
    let error = file.append(&[1; 11]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.size().unwrap(), 10);
    fs.limit_bytes(None);
    file.append(&[1]).unwrap();
}

#[test]
fn the_power_goes_at_the_call_that_was_said() {
    let fs = machine(1);
    let file = fs.create(Path::new("/f")).unwrap();
    fs.cut_power_at(2);
    file.append(&[1]).unwrap();
    assert!(file.sync().is_err());
    assert!(!fs.is_powered());
    assert!(file.size().is_err());
}

#[test]
fn short_reads_still_move_forward() {
    let fs = machine(1);
    let file = fs.create(Path::new("/f")).unwrap();
    file.append(&[1; 100]).unwrap();
    fs.short_reads(true);
    let mut at = 0;
    while at < 100 {
        let read = file.read_at(&mut [0; 100], at).unwrap();
        assert!(read > 0);
        at += read as u64;
    }
    assert!(fs.calls().reads > 1);
}
