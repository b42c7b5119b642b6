//! PostgreSQL's settings, against what codes and speed need.

use storage::ServerSettings;

use super::finding::Finding;
use crate::pools;

const MIB: i64 = 1024 * 1024;
const OLDEST: i32 = 150_000;

/// `is_private`: ours, whose settings the program makes itself.
pub(super) fn judge(server: &ServerSettings, loads: usize, is_private: bool) -> Vec<Finding> {
    let mut findings = safety(server);
    findings.push(connections(server, loads));
    if !is_private {
        findings.push(role(server));
        findings.extend(speed(server));
    }
    findings
}

fn safety(server: &ServerSettings) -> Vec<Finding> {
    let on_or_off = |name: &str, is_on| format!("{name} is {}", if is_on { "on" } else { "off" });
    vec![
        Finding::problem(
            "version",
            format!("PostgreSQL {}", server.version),
            "the schema needs PostgreSQL 15 or later",
            "upgrade PostgreSQL: docs/operations/backups.md",
        )
        .unless(server.version_number >= OLDEST),
        Finding::problem(
            "fsync",
            on_or_off("fsync", server.fsync),
            "after a power cut the database may be damaged, and codes that were handed out are free again",
            "alter system set fsync = on; select pg_reload_conf()",
        )
        .unless(server.fsync),
        Finding::problem(
            "full_page_writes",
            on_or_off("full_page_writes", server.full_page_writes),
            "a page that a crash left half-written cannot be mended",
            "alter system set full_page_writes = on; select pg_reload_conf()",
        )
        .unless(server.full_page_writes),
        Finding::problem(
            "synchronous_commit",
            format!("synchronous_commit is {}", server.synchronous_commit),
            "a code is answered before it is on disk: after a crash somebody else gets it",
            "alter system set synchronous_commit = on; select pg_reload_conf(), and see that neither role nor database sets it",
        )
        .unless(server.synchronous_commit != "off"),
        Finding::problem(
            "autovacuum",
            on_or_off("autovacuum", server.autovacuum),
            "rows that are gone stay on disk, statistics grow old, and in the end PostgreSQL takes no more writes",
            "alter system set autovacuum = on; select pg_reload_conf()",
        )
        .unless(server.autovacuum),
        Finding::hint(
            "data_checksums",
            on_or_off("data_checksums", server.data_checksums),
            "a page that the disk returns damaged is believed",
            "stop PostgreSQL and run pg_checksums --enable, once",
        )
        .unless(server.data_checksums),
    ]
}

fn connections(server: &ServerSettings, loads: usize) -> Finding {
    let usable = server.max_connections - server.reserved_connections;
    let needed = pools::most_connections(loads);
    let change =
        "raise max_connections (it needs a restart), or put a PgBouncer before it: docs/OPERATIONS.md";
    let why = "a process that finds no connection answers 503";
    let what = format!(
        "{} of {usable} connections are used, and a process opens up to {needed}",
        server.connections
    );
    if usable < needed {
        Finding::problem("max_connections", what, why, change)
    } else {
        Finding::hint("max_connections", what, why, change).unless(server.connections * 5 < usable * 4)
    }
}

fn role(server: &ServerSettings) -> Finding {
    let may = if server.is_superuser {
        "a superuser"
    } else {
        "no superuser"
    };
    Finding::hint(
        "role",
        format!("the role is {may}"),
        "whoever gets hold of its password has all databases of the server, its files, and its machine's commands",
        "create role couponry login password '…'; give it the database (alter database … owner to, reassign owned by); name it in \
         DATABASE_URL",
    )
    .unless(!server.is_superuser)
}

/// The reasons stand with figures in docs/PERFORMANCE.md and decision 18.
fn speed(server: &ServerSettings) -> Vec<Finding> {
    let mib = |bytes: i64| bytes / MIB;
    vec![
        Finding::hint(
            "shared_buffers",
            format!("shared_buffers is {} MB", mib(server.shared_buffers_bytes)),
            "each hand-out touches a page of an index at random: pages that do not fit are read and written again and again",
            "a quarter of the machine's memory (it needs a restart)",
        )
        .unless(server.shared_buffers_bytes > 128 * MIB),
        Finding::hint(
            "max_wal_size",
            format!("max_wal_size is {} MB", mib(server.max_wal_size_bytes)),
            "a load of a big file forces checkpoints, and after each one the first change of a page writes the whole page",
            "alter system set max_wal_size = '8GB'; select pg_reload_conf(), where the disk has room",
        )
        .unless(server.max_wal_size_bytes >= 4096 * MIB),
        Finding::hint(
            "checkpoint_timeout",
            format!("checkpoint_timeout is {} s", server.checkpoint_timeout_seconds),
            "after each checkpoint the first change of a page writes the whole page",
            "alter system set checkpoint_timeout = '15min'; select pg_reload_conf()",
        )
        .unless(server.checkpoint_timeout_seconds >= 900),
        Finding::hint(
            "wal_compression",
            format!("wal_compression is {}", if server.wal_compression { "on" } else { "off" }),
            "whole pages in the log are shorter when compressed",
            "alter system set wal_compression = lz4; select pg_reload_conf()",
        )
        .unless(server.wal_compression),
        Finding::hint(
            "jit",
            format!("jit is {}", if server.jit { "on" } else { "off" }),
            "every statement of couponry is short: compiling one costs more than running it",
            "alter system set jit = off; select pg_reload_conf()",
        )
        .unless(!server.jit),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Level;

    type Spoil = fn(&mut ServerSettings);

    fn well() -> ServerSettings {
        ServerSettings {
            version: "15.15".to_owned(),
            version_number: 150_015,
            is_in_recovery: false,
            is_superuser: false,
            fsync: true,
            full_page_writes: true,
            synchronous_commit: "on".to_owned(),
            synchronous_standby_names: String::new(),
            data_checksums: true,
            autovacuum: true,
            jit: false,
            wal_compression: true,
            archive_mode: false,
            shared_buffers_bytes: 1024 * MIB,
            max_wal_size_bytes: 8192 * MIB,
            checkpoint_timeout_seconds: 900,
            max_connections: 100,
            reserved_connections: 3,
            connections: 40,
        }
    }

    #[test]
    fn a_server_set_as_the_documents_say_has_nothing_to_change() {
        let findings = judge(&well(), 2, false);
        assert!(
            findings.iter().all(|finding| finding.level == Level::Fine),
            "{findings:?}"
        );
    }

    #[test]
    fn each_wrong_setting_is_found_by_its_name() {
        let wrong: [(&str, Level, Spoil); 13] = [
            ("version", Level::Problem, |server| {
                server.version_number = 140_009;
            }),
            ("fsync", Level::Problem, |server| server.fsync = false),
            ("full_page_writes", Level::Problem, |server| {
                server.full_page_writes = false;
            }),
            ("synchronous_commit", Level::Problem, |server| {
                server.synchronous_commit = "off".to_owned();
            }),
            ("autovacuum", Level::Problem, |server| server.autovacuum = false),
            ("role", Level::Hint, |server| server.is_superuser = true),
            ("data_checksums", Level::Hint, |server| {
                server.data_checksums = false;
            }),
            ("max_connections", Level::Problem, |server| {
                server.max_connections = 60;
            }),
            ("max_connections", Level::Hint, |server| server.connections = 90),
            ("shared_buffers", Level::Hint, |server| {
                server.shared_buffers_bytes = 128 * MIB;
            }),
            ("max_wal_size", Level::Hint, |server| {
                server.max_wal_size_bytes = 1024 * MIB;
            }),
            ("checkpoint_timeout", Level::Hint, |server| {
                server.checkpoint_timeout_seconds = 300;
            }),
            ("jit", Level::Hint, |server| server.jit = true),
        ];
        for (check, level, spoil) in wrong {
            let mut server = well();
            spoil(&mut server);
            let findings = judge(&server, 2, false);
            let found: Vec<_> = findings
                .iter()
                .filter(|finding| finding.level != Level::Fine)
                .collect();
            assert_eq!(found.len(), 1, "{check}: {found:?}");
            assert_eq!((found[0].check, found[0].level), (check, level));
        }
    }
}
