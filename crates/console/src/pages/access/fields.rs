//! What the form for another key asks for.

use std::collections::{BTreeSet, HashMap};

use domain::{KeyRole, PublicId, caseless};
use storage::KeyRights;

use crate::form::Form;

/// How many of the lines that name nothing are told.
const TOLD: usize = 3;

/// The fields as they stand in the form.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) label: String,
    pub(super) role: String,
    /// Whether the key is for the lists that are named only.
    pub(super) is_for_some: bool,
    pub(super) lists: String,
}

impl Default for Fields {
    /// What most programs need that get a key.
    fn default() -> Self {
        Self {
            label: String::new(),
            role: KeyRole::Allocate.to_string(),
            is_for_some: false,
            lists: String::new(),
        }
    }
}

impl Fields {
    pub(super) fn said(form: &Form) -> Self {
        Self {
            label: form.text("label").to_owned(),
            role: form.text("role").to_owned(),
            is_for_some: form.text("scope") == "some",
            lists: form.text("lists").to_owned(),
        }
    }

    /// `known` are the workspace's lists. Names without the box that says so are a mistake: the key would see more lists than
    /// somebody thinks.
    pub(super) fn rights(&self, known: &[(PublicId, String)]) -> Result<KeyRights, String> {
        let role = self
            .role
            .parse()
            .map_err(|_| "Choose what the key may do.".to_owned())?;
        let lists = match (self.is_for_some, self.lists.is_empty()) {
            (false, true) => None,
            (false, false) => {
                return Err("You named lists: choose “only these”, or leave the names out.".to_owned());
            }
            (true, true) => return Err("Name the lists that the key is for.".to_owned()),
            (true, false) => Some(find_lists(&self.lists, known)?),
        };
        Ok(KeyRights { role, lists })
    }
}

/// The lists that the lines name, by id or name; each once.
fn find_lists(lines: &str, known: &[(PublicId, String)]) -> Result<Vec<PublicId>, String> {
    let ids: BTreeSet<PublicId> = known.iter().map(|(id, _)| *id).collect();
    let mut exact: HashMap<&str, Vec<PublicId>> = HashMap::new();
    let mut alike: HashMap<String, Vec<PublicId>> = HashMap::new();
    for (id, name) in known {
        exact.entry(name.trim()).or_default().push(*id);
        alike.entry(caseless(name.trim())).or_default().push(*id);
    }
    let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let named = line.parse().ok().filter(|id| ids.contains(id));
        let by_name = || exact.get(line).or_else(|| alike.get(&caseless(line)));
        match named.map_or_else(
            || by_name().map_or(&[][..], Vec::as_slice).to_vec(),
            |id| vec![id],
        )[..]
        {
            [id] => _ = found.insert(id),
            [] => unknown.push(line),
            _ => return Err(format!("More than one list is called “{line}”: write its id.")),
        }
    }
    let told = unknown.iter().take(TOLD).map(|line| format!("“{line}”"));
    let told = told.collect::<Vec<_>>().join(", ");
    match unknown.len() {
        0 => Ok(found.into_iter().collect()),
        1 => Err(format!("{told} is no list of this workspace.")),
        2..=TOLD => Err(format!("{told} are no lists of this workspace.")),
        more => Err(format!(
            "{told} and {} more are no lists of this workspace.",
            more - TOLD
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<(PublicId, String)> {
        let list = |n: u8, name: &str| (PublicId::from_bytes([n; 12]), name.to_owned());
        vec![
            list(1, "Spring"),
            list(2, "Winter"),
            list(3, "WINTER"),
            list(4, "Łódź"),
        ]
    }

    fn rights(scope: bool, lists: &str) -> Result<Option<Vec<u8>>, String> {
        let fields = Fields {
            is_for_some: scope,
            lists: lists.to_owned(),
            ..Fields::default()
        };
        let lists = fields.rights(&known())?.lists;
        Ok(lists.map(|lists| lists.iter().map(|list| list.as_bytes()[0]).collect()))
    }

    #[test]
    fn lists_are_named_by_name_in_whatever_case_or_by_id() {
        let by_id = "02".repeat(12);
        let lines = format!("  spring\r\nłÓDź\n\n{by_id}\nSpring");
        assert_eq!(rights(true, &lines), Ok(Some(vec![1, 2, 4])));
        // As it is written, where several are alike.
        assert_eq!(rights(true, "WINTER"), Ok(Some(vec![3])));
        assert!(rights(true, "winter").unwrap_err().contains("More than one"));
        assert_eq!(rights(false, ""), Ok(None));
    }

    #[test]
    fn a_key_never_sees_more_lists_than_were_named() {
        assert!(rights(true, "").is_err());
        assert!(rights(false, "Spring").is_err());
        let refusal = rights(true, "Spring\nSummer\nAutumn").unwrap_err();
        assert_eq!(refusal, "“Summer”, “Autumn” are no lists of this workspace.");
        let refusal = rights(true, "1\n2\n3\n4").unwrap_err();
        assert_eq!(
            refusal,
            "“1”, “2”, “3” and 1 more are no lists of this workspace."
        );
    }
}
